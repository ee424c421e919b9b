// Decisions: the next card is shown at once, and what was decided is saved behind it, one after the other.
if (prospector.queue) (() => {
  const { $, $$, acts, post, toast, queue } = prospector, { pane, cards } = queue;
  const jobs = [], DELAYS = [3, 5, 10, 20, 30];
  let busy = false, idle = Promise.resolve(), tries = 0;

  // --- saving in order ---
  const add = job => { jobs.push(job); if (!busy) idle = work(); return job; };
  const work = async () => {
    busy = true;
    while (jobs.length) {
      const job = jobs[0];
      try {
        job.sent = true; job.answer = await post(job.path, job.fields);
        if (job.answer.moved) throw Object.assign(new Error('You are signed out. Sign in again in another tab.'), { status: 503 });
        jobs.shift(); calm(job); job.done?.(job.answer);
      } catch (e) {
        if (e.status === undefined || e.status >= 500) { job.sent = false; await wait(e); continue; }
        jobs.shift(); calm(job); job.refused?.(e);
      }
    }
    busy = false;
  };
  prospector.saved = () => idle;
  const calm = job => { tries = 0; $('#unsaved')?.remove(); job.place?.say?.(''); };

  // No answer: the rows come back, each says that it is not saved, and the first is tried again.
  const wait = e => new Promise(go => {
    let left = DELAYS[Math.min(tries++, DELAYS.length - 1)], timer;
    jobs.forEach(unsaved);
    const box = $('#unsaved') || document.createElement('div'), text = document.createElement('span'), now = document.createElement('button');
    box.id = 'unsaved'; box.className = 'note bad'; box.setAttribute('role', 'alert');
    text.className = 'grow'; now.className = 'btn mini'; now.type = 'button'; now.textContent = 'Now';
    box.replaceChildren(text, now); $('.qhead').append(box);
    const end = () => { clearInterval(timer); removeEventListener('online', end); go(); };
    const say = () => { text.textContent = `${e.status ? e.message : 'No answer from the server.'} ${jobs.length === 1 ? 'The last decision is' : `${jobs.length} decisions are`} not saved. Trying again in ${left} s.`; };
    say(); timer = setInterval(() => { if (--left > 0) say(); else end(); }, 1000);
    now.onclick = end; addEventListener('online', end);
  });
  const unsaved = job => { if (job.place) { job.place.back(); job.place.say(`Not saved yet: ${job.words.split('.')[0].toLowerCase()}`); } };
  addEventListener('beforeunload', e => { if (jobs.length) e.preventDefault(); });

  // --- one decision ---
  const nameOf = id => $('h2 a', cards.get(id)?.item)?.textContent || 'This card';
  const decide = (path, fields, words, { kind = path, choices } = {}) => {
    const id = queue.opened;
    if (!id) return;
    const earlier = jobs.find(j => j.id === id && j.place && !j.sent);
    if (earlier) { jobs.splice(jobs.indexOf(earlier), 1); earlier.place.say(''); earlier.shout?.forget(); }
    const all = queue.rows(), at = all.indexOf(queue.rowOf(id));
    const following = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0)).reverse()];
    const place = queue.takeOff(id, kind);
    queue.openNext(following);
    const job = { id, path: `/queue/${id}/${path}`, fields, words, place };
    job.shout = toast(words, { undo: () => takeBack(job), choices: choices && { ...choices, then: word => choices.then(id, word) } });
    job.done = said => { place.again(); queue.settle(); if (said.words && path !== 'approve') job.shout.say(said.words); };
    job.refused = e => refused(job, e);
    add(job);
  };
  const refused = (job, e) => {
    job.shout.forget(); job.shout.close();
    if (e.status === 404) { toast(`${nameOf(job.id)}: ${e.message}`); return; }
    job.place.back(); job.place.say(`Not saved: ${e.message}`);
    prospector.alert(`${nameOf(job.id)} is back: ${e.message}`);
    queue.renew(job.id).catch(() => {});
    if (!queue.opened) queue.open(job.id);
  };
  const takeBack = job => {
    const at = jobs.indexOf(job);
    job.place.back(); job.place.say(''); queue.open(job.id);
    if (at >= 0 && !job.sent) { jobs.splice(at, 1); toast('Taken back'); return; }
    add({
      id: job.id, path: `/queue/${job.id}/reopen`, fields: {},
      done: said => { toast(said.words || 'Taken back'); queue.renew(job.id).catch(() => {}); },
      refused: e => {
        const next = queue.rows(), i = next.indexOf(queue.rowOf(job.id)), open = queue.opened === job.id;
        job.place.again(); toast(e.message);
        if (open) queue.openNext([...next.slice(i + 1), ...next.slice(0, Math.max(i, 0)).reverse()]);
      },
    });
  };

  // --- the acts ---
  const item = () => $('.item', pane);
  const fieldsOf = form => {
    const fields = Object.fromEntries(new FormData(form));
    const body = $('[name=body]', form), subject = $('[name=subject]', form);
    if (body && !queue.changed(body) && !queue.changed(subject)) { delete fields.body; delete fields.subject; }
    return fields;
  };
  const copy = text => {
    const select = () => { const t = $('textarea[name=body]', pane); t.select(); document.execCommand('copy'); queue.focus(); };
    if (navigator.clipboard) navigator.clipboard.writeText(text).catch(select); else select();
  };
  const copyAndOpen = (card, form, button) => {
    const id = queue.opened, link = $('[data-opens]', card), fields = fieldsOf(form);
    copy($('textarea[name=body]', card).value);
    if (link) window.open(link.href, '_blank', 'noopener,noreferrer');
    card.dataset.byHand = 'copied'; form.setAttribute('action', `/queue/${id}/posted`);
    const words = [...button.childNodes].find(n => n.nodeType === 3 && n.textContent.trim());
    words.textContent = ' I posted it ';
    toast('Copied. Post it, then say so with the same key.');
    add({ id, path: `/queue/${id}/approve`, fields, words: 'Copied', refused: e => { prospector.alert(e.message); queue.renew(id).catch(() => {}); } });
  };
  const sends = card => $('.sends', card)?.textContent.trim();
  Object.assign(acts, {
    approve: () => {
      const card = item(), button = card && $('[data-act=approve]', card), form = button?.form;
      if (!form) return;
      if (form.id.startsWith('was-')) { form.submit(); return; }
      if ('redraws' in button.dataset) { redraw(0); return; }
      if (form.id.startsWith('like-')) { acts['like-done'](); return; }
      if (form.id.startsWith('done-')) { acts.done(); return; }
      const why = $('[name=despite]', card);
      if (why && !why.value.trim()) { why.focus(); toast('Say in a few words why you go on.'); return; }
      if ('mend' in card.dataset) { mend(card, form); return; }
      if (card.dataset.byHand === 'yes') { copyAndOpen(card, form, button); return; }
      const posted = card.dataset.byHand === 'copied';
      decide(posted ? 'posted' : 'approve', fieldsOf(form), posted ? 'Posted, you said' : `Approved. ${sends(card) || ''}`.trim());
    },
    'approve-edited': () => acts.approve(),
    done: () => { const b = item() && $(`[form="done-${queue.opened}"]`, pane); if (b) decide('done', {}, 'Done'); },
    dismiss: () => {
      if (!item() || !$('[data-act=dismiss]', pane)) return;
      decide('dismiss', {}, 'Dismissed', { choices: { ask: 'Why?', from: ['Off topic', 'Not a fit', 'Too old'], then: (id, word) => {
        add({ id, path: `/queue/${id}/why`, fields: { why: word.toLowerCase() }, words: 'Why' }); return `Dismissed: ${word.toLowerCase()}`;
      } } });
    },
    like: () => {
      const id = queue.opened, b = $(`.btn[form="like-${id}"]`, pane);
      if (!b || b.getAttribute('aria-pressed') === 'true') return;
      const mark = on => { b.setAttribute('aria-pressed', on); b.classList.toggle('on', on); };
      const failed = e => { mark(false); prospector.alert(e.message); };
      const job = add({ id, path: `/queue/${id}/like`, fields: {}, words: 'Liked', refused: failed, done: said => shout.say(said.words) });
      const shout = toast('Liked', { undo: () => {
        mark(false); const at = jobs.indexOf(job);
        if (at >= 0 && !job.sent) { jobs.splice(at, 1); return; }
        add({ id, path: `/queue/${id}/reopen`, fields: {}, words: 'Like taken back', done: said => toast(said.words), refused: e => { mark(true); toast(e.message); } });
      } });
      mark(true);
    },
    'like-done': () => { if ($(`[form="like-${queue.opened}"]`, pane)) decide('like', { and_done: '1' }, 'Liked, and done', { kind: 'like' }); },
    'new-draft': () => redraw(0), 'next-draft': () => redraw(1), 'previous-draft': () => redraw(-1),
    'take-over': () => { const f = $('[data-act=take-over]', pane)?.form; if (f) change(f.getAttribute('action'), {}, 'It is yours now'); },
  });

  ['approve', 'done', 'dismiss', 'like', 'like-done'].forEach(name => { const act = acts[name]; acts[name] = e => { if (!queue.unseen()) act(e); }; });

  // --- what changes the card and stays on it: the answer is the card as it is now ---
  const change = async (path, fields, words, { typed = true, undo } = {}) => {
    const id = queue.opened;
    await prospector.saved();
    try {
      const html = await queue.ask(path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'HX-Request': 'true', 'Accept': 'application/json' } });
      await queue.renew(id, { html, typed }); if (words) toast(words, { undo });
    } catch (e) { prospector.alert(e.status < 500 ? e.message : 'Not saved. Try again.'); queue.settle(); }
  };
  // A text with something to mend is looked at again by the server before it goes.
  const mend = async (card, form) => {
    const id = queue.opened, text = $('textarea[name=body]', card), subject = $('[name=subject]', card);
    const wrong = () => { const t = $('textarea[name=body]', pane); t?.focus(); toast(`Mend this first: ${$('.lint.e', pane)?.textContent.trim() || 'the text'}.`); };
    if (!queue.changed(text) && !queue.changed(subject)) { wrong(); return; }
    const fields = { message: card.dataset.message, body: text.value, ...(subject ? { subject: subject.value } : {}) };
    await change(`/queue/${id}/text`, fields, '', { typed: false });
    if (queue.opened !== id) return;
    if ('mend' in item().dataset) wrong(); else acts.approve();
  };
  // What was typed is kept as the draft once the field is left; the server says anew what to mend.
  pane.addEventListener('change', e => {
    const form = e.target.closest('.draft'), id = queue.opened;
    if (!form || !queue.changed(e.target)) return;
    const fields = { message: form.elements.message.value, body: form.elements.body.value, subject: form.elements.subject?.value ?? '' };
    add({ id, path: `/queue/${id}/text`, fields, words: 'Text', refused: x => prospector.alert(x.message), done: () => { if (queue.opened === id && !jobs.length) queue.renew(id).catch(() => {}); } });
  });
  const redraw = step => { if (item() && queue.opened) change(`/queue/${queue.opened}/draft`, { step }, '', { typed: false }); };
  document.addEventListener('submit', e => {
    const form = e.target, action = form.getAttribute('action') || '';
    if (form.matches('.draft')) { e.preventDefault(); acts[e.submitter?.dataset.act || 'approve']?.(); return; }
    const path = action.match(/^(?:https?:\/\/[^/]+)?\/queue\/(\d+)\/(snooze|stage|note|take-over|stand-by)$/) || [];
    if (path[1] !== queue.opened || !path[2]) return;
    e.preventDefault();
    const fields = Object.fromEntries(new FormData(form, e.submitter));
    form.closest('[popover]')?.hidePopover();
    if (path[2] === 'snooze') decide('snooze', fields, `Snoozed: ${e.submitter.dataset.words}`);
    else if (path[2] === 'stage') { const id = queue.opened; change(action, fields, `Moved to ${fields.to}`, { undo: () => { if (queue.opened !== id) queue.open(id); change(`/queue/${id}/unstage`, {}, 'Moved back'); } }); }
    else if (path[2] === 'note') {
      if (!fields.text.trim()) return;
      const box = $('textarea', form);
      add({ id: path[1], path: `/queue/${path[1]}/note`, fields, words: 'Note', done: () => toast('Note kept'), refused: x => { box.value = fields.text; prospector.alert(x.message); } });
      box.value = ''; queue.focus();
    } else change(action, fields, path[2] === 'take-over' ? 'It is yours now' : 'It goes as it is');
  });
})();
