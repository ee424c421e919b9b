// What happens meanwhile: the open card is held, what is new is told, and what has changed is shown.
if (prospector.queue) (() => {
  const { $, queue, toast } = prospector, { q } = queue;
  const EVERY = 15000, HOLD_AGAIN = 240000;
  let held = null, heldAt = 0, pausing, searching;

  // --- the hold: asked for once somebody stays on a card, and given back as they go on ---
  const hold = async id => {
    const leaving = held && held !== id && queue.rowOf(held) ? held : '';
    held = id; heldAt = Date.now();
    try {
      const answer = await prospector.post(`/queue/${id}/hold`, leaving ? { leaving } : {});
      if (answer.mine === false && !$('[data-act=take-over]', queue.cards.get(id)?.item)) await queue.renew(id);
    } catch (e) { if (e.status === 404 && queue.opened === id) gone(id); }
  };
  const gone = id => {
    const all = queue.rows(), at = all.indexOf(queue.rowOf(id));
    queue.takeOff(id); toast('Somebody else has decided that card.');
    queue.openNext([...all.slice(at + 1), ...all.slice(0, Math.max(at, 0)).reverse()]);
  };
  queue.watch(id => {
    clearTimeout(pausing);
    pausing = setTimeout(() => {
      history.replaceState(history.state, '', `/queue/${id}${q.dataset.query ? `?q=${encodeURIComponent(q.dataset.query)}` : ''}`);
      document.title = document.title.replace(/^.*?(?=Queue · )/, `${$('h2 a', queue.pane)?.textContent || ''} · `);
      hold(id);
    }, 300);
  });

  // --- news, every 15 seconds while somebody looks ---
  const look = async () => {
    if (document.hidden) return;
    const id = queue.opened, card = id && queue.cards.get(id)?.item;
    const asked = new URLSearchParams({ since: $('#rows').dataset.since });
    if (card) { asked.set('open', id); asked.set('truth', card.dataset.truth); }
    try {
      const answer = await fetch(`/queue/news?${asked}`, { headers: { 'HX-Request': 'true' }, redirect: 'manual' });
      if (!answer.ok) return;
      const said = await answer.json();
      tell(said.ids.filter(one => !queue.rowOf(one)).length);
      if (said.changed && queue.opened === id) { await prospector.saved(); if (queue.opened === id) await meanwhile(id); }
      if (id && held === id && Date.now() - heldAt > HOLD_AGAIN) hold(id);
    } catch { /* the next look tells more */ }
  };
  const meanwhile = async id => {
    try { await queue.renew(id); toast('This card has changed meanwhile.'); }
    catch (e) { if (e.status === 404) gone(id); }
  };
  const tell = n => {
    const b = $('#news'); b.hidden = !n;
    if (n && b.textContent !== `${n} new`) b.textContent = `${n} new`;
  };
  setInterval(look, EVERY);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });

  // --- the list anew: only when asked for, never under the cursor ---
  const relist = async words => {
    await prospector.saved();
    const html = await queue.ask(`/queue${words ? `?q=${encodeURIComponent(words)}` : ''}`);
    q.dataset.query = words;
    const find = $('#find');
    if (find && find !== document.activeElement) find.value = words;
    Idiomorph.morph($('#list'), html, { morphStyle: 'innerHTML', ignoreActiveValue: true });
    queue.order(); $('#news').hidden = true;
    const row = queue.opened && queue.rowOf(queue.opened);
    if (row) row.setAttribute('aria-current', 'true');
    else if (!queue.rows()[0]) { if (words) queue.close(); else queue.finish(); return; }
    else if (queue.rows()[0]) { const field = document.activeElement; queue.open(queue.rows()[0].dataset.card); if (field?.id === 'find') field.focus(); }
    await queue.fill(); if (queue.opened) queue.show(queue.opened);
  };
  queue.relist = relist;
  document.addEventListener('click', e => {
    const tab = e.target.closest('.tabs [data-words]');
    if (e.target.closest('#news')) relist(q.dataset.query).then(queue.focus);
    else if (tab && !q.dataset.view && !e.ctrlKey && !e.metaKey) { e.preventDefault(); relist(tab.dataset.words).then(queue.focus); }
  });
  document.addEventListener('input', e => {
    if (e.target.id !== 'find' || q.dataset.view) return;
    clearTimeout(searching); searching = setTimeout(() => relist(e.target.value.trim()), 200);
  });
  document.addEventListener('submit', e => { if (e.target.matches('.search') && !q.dataset.view) { e.preventDefault(); queue.focus(); } });

  // The page is there to be read first; the other cards come behind it.
  const rest = () => queue.fill().catch(() => {});
  if (document.readyState === 'complete') rest(); else addEventListener('load', () => setTimeout(rest));
  if (queue.opened) { queue.measure($('.item', queue.pane)); queue.show(queue.opened); if (!queue.small.matches || q.dataset.pane === 'item') hold(queue.opened); queue.settle(); }
})();
