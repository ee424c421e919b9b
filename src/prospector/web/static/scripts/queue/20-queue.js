// The queue: its cards lie ready here, so that the next one is shown without asking the server.
prospector.queue = (() => {
  const { $, $$, acts, shown } = prospector;
  const q = $('.q');
  if (!q) return null;
  const d = document, pane = $('#pane'), context = $('#context');
  const small = matchMedia('(max-width: 760px)');
  const cards = new Map();
  let opened = null, watchers = [], loading;

  // --- what lies ready ---
  const part = html => { const t = d.createElement('template'); t.innerHTML = html; return t.content; };
  const learn = (root, anew = false) => $$('template[data-card]', root).forEach(t => {
    const id = t.dataset.card;
    if (anew || !cards.has(id)) cards.set(id, { item: $('.item', t.content), ctx: $('.ctx', t.content) });
    t.remove();
  });
  const ask = async (path, options = {}) => {
    const answer = await fetch(path, { headers: { 'HX-Request': 'true' }, redirect: 'manual', ...options });
    if (!answer.ok) {
      const said = answer.headers.get('content-type')?.includes('json') ? (await answer.json()).detail : '';
      throw Object.assign(new Error(said || 'No answer from the server.'), { status: answer.status });
    }
    if (answer.headers.has('HX-Redirect')) throw Object.assign(new Error('You are signed out. Sign in again in another tab.'), { status: 401 });
    return answer.text();
  };
  const missing = () => $$('[data-row]', $('#rows')).map(r => r.dataset.card).filter(id => !cards.has(id));
  const fill = async () => {
    for (let most = 3, ids = missing(); ids.length; most = 60, ids = missing()) {
      const some = ids.slice(0, most);
      learn(part(await ask(`/queue/rest?ids=${some.join(',')}`)));
      if (some.every(id => !cards.has(id))) return;
    }
  };

  // --- the list ---
  const rowOf = id => $(`#row-${id}`);
  const rows = () => $$('.qpart [data-row], .qmore[open] [data-row]', $('#rows'));
  const order = () => $$('#rows ol').forEach(ol => $$(':scope > li', ol).forEach((li, i) => { li.dataset.at ??= i; }));
  const number = (el, by) => { if (el) el.textContent = Math.max(0, Number(el.textContent.replace(/\D/g, '')) + by); };
  const count = (li, by, kind) => {
    const head = $('.qsec .num', li.closest('section') || d), done = $('#done'), row = $('[data-row]', li);
    number(head, by);
    number($('.tabs [data-words=""] .n'), by); number($(`.tabs [data-words="is:${row.dataset.shelf}"] .n`), by);
    number($('[data-act=go-queue] .n'), by);
    if (kind === 'snooze') number($('#snoozed'), -by);
    if (done) {
      done.dataset.done = Number(done.dataset.done) - by;
      done.textContent = `${done.dataset.done} of ${done.dataset.total} done`; $('#progress').value = done.dataset.done;
    }
  };
  const hideEmpty = () => $$('#rows .qpart').forEach(s => { s.hidden = !$('li', s); });
  // Takes a card's row off the list; the answer puts it back where it was.
  const takeOff = (id, kind) => {
    const row = rowOf(id), li = row?.closest('li'), ol = li?.parentElement;
    if (!li) return { back() {}, again() {}, say() {} };
    const off = () => { count(li, -1, kind); row.removeAttribute('aria-current'); li.remove(); hideEmpty(); };
    off();
    return {
      back() {
        if (li.isConnected) return;
        const home = ol.isConnected ? ol : $('#rows ol');
        if (!home) return;
        home.insertBefore(li, $$(':scope > li', home).find(other => Number(other.dataset.at) > Number(li.dataset.at)) || null);
        hideEmpty(); count(li, 1, kind);
      },
      again() { if (li.isConnected) off(); },
      say(words) {
        row.classList.toggle('unsaved', Boolean(words));
        let p = $('.said', row);
        if (!words) { p?.remove(); return; }
        if (!p) { p = d.createElement('span'); p.className = 'said'; row.append(p); }
        p.textContent = words;
      },
    };
  };

  // --- the open card ---
  const focus = () => {
    if (small.matches && q.dataset.pane === 'item') $('h2[tabindex], #finish', pane)?.focus({ preventScroll: true });
    else {
      const row = opened && rowOf(opened);
      (row && shown(row) ? row : $('h2[tabindex], #finish', pane))?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    }
  };
  const settle = () => { if (!d.activeElement || d.activeElement === d.body) focus(); };
  const show = id => {
    const card = cards.get(id);
    if (!card) return false;
    pane.replaceChildren(card.item); context.replaceChildren(card.ctx);
    const all = rows(), at = all.indexOf(rowOf(id)), chip = $('[data-place]', card.item);
    chip.textContent = at < 0 ? '' : `${at + 1} of ${all.length}`;
    $$('.menu form').forEach(f => { f.action = f.getAttribute('action').replace(/\/queue\/\d+/, `/queue/${id}`); });
    pane.removeAttribute('aria-busy'); measure(card.item);
    return true;
  };
  const load = id => {
    clearTimeout(loading);
    const wait = setTimeout(() => { if (opened === id && !cards.has(id)) { pane.replaceChildren($('#waiting').content.cloneNode(true)); pane.setAttribute('aria-busy', 'true'); } }, 300);
    loading = setTimeout(async () => {
      try { await renew(id); } catch { if (opened === id) prospector.alert('That card could not be read. It is tried again when you open it.'); }
      clearTimeout(wait);
    }, 50);
  };
  const open = id => {
    $$('[data-row][aria-current]').forEach(r => r.removeAttribute('aria-current'));
    opened = id; rowOf(id)?.setAttribute('aria-current', 'true');
    if (!show(id)) load(id);
    focus(); watchers.forEach(w => w(id));
  };
  // Reads a card anew. What was typed stays, unless it is a new draft that was asked for.
  const renew = async (id, { html, typed = true } = {}) => {
    const fresh = part(html ?? await ask(`/queue/${id}`)), old = cards.get(id)?.item;
    learn(fresh, true);
    if (typed && old) keepTyped(old, cards.get(id)?.item);
    if (opened !== id) return;
    const held = d.activeElement?.id;
    show(id);
    if (held && d.getElementById(held) !== d.activeElement) d.getElementById(held)?.focus({ preventScroll: true });
    settle();
  };
  const changed = f => f && f.value !== f.defaultValue;
  const keepTyped = (from, to) => $$('textarea[name], input[name]:not([type=hidden])', from).forEach(f => {
    const same = to && $(`#${f.id}`, to);
    if (same && changed(f)) same.value = f.value;
  });
  const close = () => { opened = null; context.replaceChildren(); pane.replaceChildren(); };
  const finish = async () => {
    if (q.dataset.query) { await null; await prospector.queue.relist(''); return; }
    opened = null; context.replaceChildren();
    pane.replaceChildren($('#end').content.cloneNode(true)); focus();
    await null; // what was just decided joins the queue of what is saved
    await prospector.saved();
    if (opened === null) { pane.replaceChildren(part(await ask('/queue/end'))); focus(); }
  };
  const openNext = all => {
    const next = all?.find(r => r.isConnected) || rows()[0];
    if (next) open(next.dataset.card); else finish();
  };

  // --- moving ---
  const move = by => {
    const all = rows(), at = all.indexOf(rowOf(opened));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    if (next && next.dataset.card !== opened) open(next.dataset.card); else focus();
  };
  const scroll = by => $('.ibody', pane)?.scrollBy({ top: by * $('.ibody', pane).clientHeight * .8 });
  const reading = () => { if (small.matches && q.dataset.pane === 'list') { history.pushState({ card: true }, ''); q.dataset.pane = 'item'; } };
  // On a small screen a card is decided only where it is to be seen.
  const unseen = () => { if (!small.matches || q.dataset.pane !== 'list' || !opened) return false; reading(); focus(); return true; };
  Object.assign(acts, {
    next: () => move(1), previous: () => move(-1), 'scroll-down': () => scroll(1), 'scroll-up': () => scroll(-1),
    back: () => { if (history.state?.card) history.back(); else { q.dataset.pane = 'list'; focus(); } },
    edit: () => { const t = $('textarea[name=body]', pane); if (t) { t.focus(); t.setSelectionRange(t.value.length, t.value.length); } },
    note: () => $('.jot textarea', pane)?.focus(),
  });
  addEventListener('popstate', () => { if (small.matches) { q.dataset.pane = 'list'; focus(); } });
  d.addEventListener('click', e => {
    const row = e.target.closest('#rows [data-row]');
    if (!row || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault(); reading(); open(row.dataset.card);
  });

  // --- the length of a text, as its reader counts ---
  const segmenter = Intl.Segmenter && new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const lengthOf = text => segmenter ? [...segmenter.segment(text)].length : [...text].length;
  const measure = item => {
    const t = $('textarea[name=body]', item), out = $('.count', item), limit = Number(item.dataset.limit);
    if (!t || !out) return;
    const n = lengthOf(t.value);
    out.textContent = limit ? `${n} / ${limit}` : `${n}`;
    out.classList.toggle('over', limit > 0 && n > limit);
  };
  pane.addEventListener('input', e => { if (e.target.name === 'body') measure(e.target.closest('.item')); });

  const first = $('.item', pane);
  if (first) { opened = first.dataset.card; cards.set(opened, { item: first, ctx: $('.ctx', context) }); }
  learn(q); order();
  return {
    q, pane, small, unseen, cards, part, ask, learn, fill, rowOf, rows, order, takeOff, show, open, openNext, renew, finish, close, focus, settle,
    changed, measure, get opened() { return opened; }, set opened(id) { opened = id; }, watch: w => watchers.push(w),
  };
})();
