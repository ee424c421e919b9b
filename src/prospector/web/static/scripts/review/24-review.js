// The review of a campaign: the next one is shown at once, and what was decided is saved behind it.
if (prospector.page === 'review' && document.querySelector('.rv[data-path]')) (() => {
  const { $, $$, acts, toast } = prospector, d = document;
  const rv = $('.rv'), pane = $('#rv-item'), base = rv.dataset.path;
  if (!pane) return;
  const small = matchMedia('(max-width: 760px)');
  const kept = new Map();               // panes that lie ready, by person
  const ahead = new Map();              // who is the next to fix, by person
  const jobs = [];
  let opened = $('[data-one]', pane)?.dataset.one || null, idle = Promise.resolve(), busy = false, polling, been = null;

  // --- the server ---
  const query = more => { const q = new URLSearchParams(rv.dataset.query); Object.entries(more || {}).forEach(([k, v]) => v ? q.set(k, v) : q.delete(k)); return q.size ? `?${q}` : ''; };
  const ask = async (path, options = {}) => {
    const answer = await fetch(path, { headers: { 'HX-Request': 'true' }, redirect: 'manual', ...options });
    if (answer.status === 204) return '';
    const text = await answer.text();
    if (answer.headers.has('HX-Redirect') || answer.type === 'opaqueredirect') throw Object.assign(new Error('You are signed out. Sign in again in another tab.'), { status: 503 });
    if (!answer.ok) throw Object.assign(new Error(sentence(text)), { status: answer.status, html: text });
    return text;
  };
  const part = html => { const t = d.createElement('template'); t.innerHTML = html; return t.content; };
  const sentence = html => ($('.error, p', part(html))?.textContent || 'The server did not take it.').trim();

  // --- rows and the open person ---
  const row = id => $(`#row-${id}`);
  const rows = () => $$('.rv-table [data-row]');
  const link = id => row(id) && $('[data-row]', row(id));
  const mark = () => { rows().forEach(r => r.removeAttribute('aria-current')); link(opened)?.setAttribute('aria-current', 'true'); };
  const field = () => $$('[data-fix]', pane).find(f => !f.value.trim()) || $('[data-fix]', pane);
  const focus = where => {
    const at = where === 'field' && field() || (small.matches && rv.dataset.pane === 'item' ? $('h2[tabindex]', pane) : link(opened)) || $('h2[tabindex]', pane) || pane;
    at.focus({ preventScroll: true }); if (where === 'field' && at.select) { at.select(); been = opened; }
    row(opened)?.scrollIntoView({ block: 'nearest' }); if (at.closest('#rv-item')) at.scrollIntoView({ block: 'nearest' });
  };
  const learn = html => { const one = $('[data-one]', part(html)); if (one) kept.set(one.dataset.one, html); return one?.dataset.one || null; };
  const put = (id, where) => {
    pane.innerHTML = kept.get(id); opened = id; mark(); focus(where); lookAhead();
  };
  const open = async (id, where) => {
    if (kept.has(id)) { put(id, where); return; }
    opened = id; mark(); focus();
    const wait = setTimeout(() => { if (opened === id) pane.setAttribute('aria-busy', 'true'); }, 300);
    try { learn(await ask(`${base}/${id}${query()}`)); if (opened === id) put(id, where); }
    catch (e) { prospector.alert(e.message); }
    finally { clearTimeout(wait); pane.removeAttribute('aria-busy'); }
  };
  const item = () => { if (small.matches && rv.dataset.pane === 'list') { history.pushState({ card: true }, ''); rv.dataset.pane = 'item'; scrollTo(0, 0); $('main').scrollTo(0, 0); } };

  // --- the next problem: of the rows that are shown, else as the server says ---
  const waiting = id => jobs.some(job => job.id === id);
  const nextShown = () => {
    const all = $$('tr[data-status=fix]', $('.rv-table')).filter(r => !waiting(r.dataset.id)).map(r => r.dataset.id);
    const every = rows().map(r => r.closest('tr').dataset.id), at = every.indexOf(opened);
    return all.find(id => every.indexOf(id) > at) || null;
  };
  const fetchProblem = async after => learn(await ask(`${base}/problem${query({ after })}`));
  const lookAhead = async () => {
    const from = opened, shown = nextShown();
    try {
      if (shown) { if (!kept.has(shown)) learn(await ask(`${base}/${shown}${query()}`)); ahead.set(from, shown); }
      else { const id = await fetchProblem(from); if (id && !waiting(id)) ahead.set(from, id); }
    } catch { /* it is asked for again when it is wanted */ }
  };
  const problem = async () => {
    item();
    const shown = nextShown(), known = ahead.get(opened);
    if (shown) { await open(shown, 'field'); return true; }
    if (known && !waiting(known) && kept.has(known) && known !== opened) { put(known, 'field'); return true; }
    await idle;
    const id = await fetchProblem(opened || 0);
    if (!id) return false;
    put(id, 'field'); return true;
  };

  // --- saving, one after the other ---
  const save = job => { jobs.push(job); row(job.id)?.setAttribute('aria-busy', 'true'); if (!busy) idle = work(); return job; };
  const work = async () => {
    busy = true;
    while (jobs.length) {
      const job = jobs[0];
      try {
        const html = await ask(job.path, { method: 'POST', body: new URLSearchParams(job.fields) });
        jobs.shift(); took(job, html);
      } catch (e) {
        if (e.status === undefined || e.status >= 500) { await later(job, e); continue; }
        jobs.shift(); refused(job, e);
      }
    }
    busy = false;
  };
  prospector.saved = () => idle;
  const later = (job, e) => new Promise(go => {
    const end = () => { clearTimeout(timer); removeEventListener('online', end); go(); };
    prospector.alert(`${e.status ? e.message : 'No answer from the server.'} ${job.words} is not saved yet; it is tried again.`);
    const timer = setTimeout(end, 3000); addEventListener('online', end);
  });
  const refused = (job, e) => {
    row(job.id)?.removeAttribute('aria-busy'); kept.delete(job.id);
    $$('.rv-cause[aria-busy]').forEach(cause => cause.removeAttribute('aria-busy'));
    prospector.alert(`${job.words}: ${e.message}`);
    if (e.html && job.id && $('[data-one]', part(e.html))) { learn(e.html); put(job.id, 'field'); kept.delete(job.id); }
  };
  const took = (job, html) => {
    tell(merge(html, job.id), job.id);
    if (!jobs.length && !opened) problem();
  };
  // What is not done yet tells of itself in its note; its words come at the end.
  const tell = (after, id) => {
    const run = after?.dataset.run;
    if ($('[data-going]')) return;
    if (run) toast(after.dataset.words, { undo: () => takeBack(run, id) });
    else if (after?.dataset.words) toast(after.dataset.words);
  };
  const takeBack = (run, id) => save({ id, words: 'Taking back', path: withOpen(`${base}/undo${query()}`), fields: { run } });

  // --- what an answer changes: each part takes its place by its id; what is typed stays ---
  const merge = (html, id) => {
    const fresh = part(html), after = $('[data-after]', fresh);
    if (!after) return null;
    ['rv-causes', 'rv-bar', 'rv-foot', 'rv-said', 'rv-many'].forEach(name => {
      const to = d.getElementById(name), from = $(`#${name}`, after);
      if (to && from) Idiomorph.morph(to, from, { morphStyle: 'outerHTML', ignoreActiveValue: true });
    });
    $$('[data-rows] tr', after).forEach(tr => { const to = d.getElementById(tr.id); if (to) { to.replaceWith(tr); } });
    if (after.dataset.gone) row(after.dataset.gone)?.remove();
    if (after.dataset.gone || $('#rv-many', after)) kept.clear(); else if (id) kept.delete(id);
    ahead.clear();
    const one = $('[data-item]', after);
    if (one) { kept.set(one.dataset.item, one.innerHTML); if (one.dataset.item === opened && !pane.contains(d.activeElement)) pane.innerHTML = one.innerHTML; }
    rows().filter(r => waiting(r.closest('tr').dataset.id)).forEach(r => r.closest('tr').setAttribute('aria-busy', 'true'));
    mark(); ticked(); if (!d.activeElement || d.activeElement === d.body) focus(); poll();
    return after;
  };
  const poll = () => {
    clearTimeout(polling);
    const going = $('[data-going]')?.dataset.going;
    if (going) polling = setTimeout(async () => { try { tell(merge(await ask(`${base}/runs/${going}/progress${query({ open: opened })}`)), opened); } catch { poll(); } }, 500);
  };

  // --- forms ---
  const pathOf = form => (form.submitter || form).getAttribute('action') || form.getAttribute('action');
  d.addEventListener('submit', e => {
    const form = e.target, by = e.submitter;
    if (!form.closest('.rv') || e.defaultPrevented) return;
    const path = by?.getAttribute('formaction') || pathOf(form);
    const fields = new URLSearchParams(new FormData(form, by));
    if (form.matches('[data-fill]')) {
      e.preventDefault();
      const empty = $$('[data-fix]', form).find(f => !f.value.trim());
      if (empty) { empty.focus(); return; }
      const id = opened;
      if (waiting(id)) return;
      save({ id, words: 'Fill', path, fields }); row(id)?.setAttribute('data-status', 'saving');
      focus(); // away from the field: a second Enter is for the next one
      problem().then(more => { if (!more) { opened = id; focus(); } });
    } else if (form.matches('[data-single]')) { e.preventDefault(); single(form, path, fields); }
    else if (form.matches('[data-many], [data-text]')) {
      e.preventDefault(); form.closest('details')?.removeAttribute('open');
      form.closest('.rv-cause')?.setAttribute('aria-busy', 'true');
      const id = form.matches('[data-text]') || pane.contains(form) ? opened : '';
      if (d.activeElement?.closest('form') === form) focus();
      save({ id, words: form.matches('[data-text]') ? 'Your text' : 'The change', path: id ? path : withOpen(path), fields });
    }
  });
  // A change of many may concern whoever is open, too.
  const withOpen = path => { const to = new URL(path, location.href); if (opened) to.searchParams.set('open', opened); return to.pathname + to.search; };
  const single = (form, path, fields) => {
    const id = opened, why = $('[required]', form);
    if (why && !why.value.trim()) { why.focus(); toast('Say in a few words why you go on.'); return; }
    save({ id, words: form.dataset.single === 'skip' ? 'Skip' : 'Approval', path, fields });
    step(1);
  };
  const press = name => {
    const form = $(`form[data-single=${name}]`, pane);
    if (!form) { toast(name === 'approve' ? 'This one cannot be approved: see what is wrong above it.' : 'Nothing to skip here.'); return; }
    if (waiting(opened)) return;
    form.requestSubmit();
  };

  // --- moving ---
  const step = by => {
    const all = rows().map(r => r.closest('tr').dataset.id), at = all.indexOf(opened);
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    if (next && next !== opened) open(next); else focus();
  };
  const ticked = () => {
    const some = $$('.rv-table input:checked').length, bar = $('#rv-bar');
    bar?.classList.toggle('some', some > 0);
    const said = $('#rv-ticked'); if (said) { said.hidden = !some; $('span', said).textContent = some ? `${some} ticked` : ''; }
  };
  // What mends a cause best, or the menu of its other ways; a cause that is being mended is passed over.
  const way = cause => $('.deeds > form .btn', cause) || $('summary', cause) || $('.deeds a', cause);
  const nextCause = () => {
    const all = $$('.rv-cause:not([aria-busy])'), at = all.findIndex(one => one.contains(d.activeElement));
    const next = all[at + 1] || all[0];
    if (!next) { toast('No cause is left to mend.'); return; }
    if (small.matches && rv.dataset.pane === 'item') acts.back();
    $$('.rv-more[open]').forEach(box => box.removeAttribute('open'));
    way(next).focus(); next.scrollIntoView({ block: 'nearest' });
  };
  Object.assign(acts, {
    next: () => step(1), previous: () => step(-1),
    cause: nextCause,
    // The open one first, where nobody has been in its field yet.
    problem: () => {
      if (opened !== been && field() && $('[data-status=fix]', pane)) { been = opened; item(); focus('field'); return; }
      been = null;
      problem().then(more => { if (!more) { toast('Nothing is left to fix.'); focus(); } });
    },
    approve: () => { if (small.matches && rv.dataset.pane === 'list') { item(); focus(); } else press('approve'); },
    skip: () => press('skip'),
    edit: () => { const box = $('.rv-edit', pane); if (!box) return; item(); box.open = true; $('textarea', box).focus(); },
    tick: () => { const box = row(opened) && $('[data-act=tick]', row(opened)); if (box && !box.disabled) { box.checked = !box.checked; ticked(); } },
    back: () => { if (history.state?.card) history.back(); else { rv.dataset.pane = 'list'; focus(); } },
    'approve-ready': () => { const b = $('[data-act=approve-ready]'); if (b && !b.disabled) b.form.requestSubmit(b); else toast('Nobody is ready to be approved.'); },
  });
  addEventListener('popstate', () => { if (small.matches) { rv.dataset.pane = 'list'; focus(); } });
  d.addEventListener('change', e => { if (e.target.matches('.rv-table input')) ticked(); });
  d.addEventListener('click', e => {
    const at = e.target.closest('.rv-table [data-row]');
    if (!at || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault(); item(); open(at.closest('tr').dataset.id);
  });
  addEventListener('beforeunload', e => { if (jobs.length) e.preventDefault(); });
  if (opened) kept.set(opened, pane.innerHTML);
  // Not before somebody is at work here: a page that is only looked at asks for no more than itself.
  if (opened) for (const begun of ['keydown', 'pointerdown']) addEventListener(begun, lookAhead, { once: true, capture: true });
  mark(); ticked(); poll(); if (opened) { if (!$('[aria-invalid=true]', pane) && !small.matches) focus(); }
  prospector.review = { get opened() { return opened; } };
})();
