// Keys, toasts, undo, menus and dialogs: what every page shares. Acts are found by their name
// (data-act): a key clicks its element, unless a script has registered something of its own.
const prospector = (() => {
  const d = document, $ = (s, r = d) => r.querySelector(s), $$ = (s, r = d) => [...r.querySelectorAll(s)];
  const body = d.body, root = d.documentElement, page = body.dataset.page;
  root.classList.add('js');
  const acts = {};
  const shown = e => e && e.getClientRects().length > 0;
  const typing = t => t.closest?.('textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio]):not([type=range])');

  // --- toasts: one polite region that is there from the start; seven seconds, longer under the hand ---
  const undone = [];
  const toast = (text, { undo, choices, ms = 7000 } = {}) => {
    const box = $('#toasts'), t = d.createElement('div'), say = d.createElement('span');
    t.className = 'toast'; say.textContent = text; t.append(say);
    if (choices) {
      const ask = d.createElement('span'); ask.className = 'why'; ask.append(choices.ask + ' ');
      choices.from.forEach((word, i) => {
        const b = d.createElement('button'); b.type = 'button'; b.textContent = `${i + 1} ${word}`;
        b.onclick = () => { ask.remove(); say.textContent = choices.then(word); };
        ask.append(b);
      });
      t.append(ask);
    }
    const close = () => t.remove();
    let entry;
    if (undo) {
      entry = { run: undo, el: t }; undone.push(entry); if (undone.length > 50) undone.shift();
      const b = d.createElement('button'), k = d.createElement('kbd');
      b.type = 'button'; k.textContent = 'z'; k.setAttribute('aria-hidden', 'true'); b.append('Undo ', k);
      b.onclick = () => undoOne(entry); t.append(b);
    }
    box.replaceChildren(t);
    let timer = setTimeout(() => t.remove(), ms);
    const stay = () => clearTimeout(timer), go = () => { clearTimeout(timer); timer = setTimeout(() => t.remove(), 2500); };
    t.addEventListener('pointerenter', stay); t.addEventListener('focusin', stay);
    t.addEventListener('pointerleave', go); t.addEventListener('focusout', go);
    const forget = () => { const at = undone.indexOf(entry); if (at >= 0) undone.splice(at, 1); };
    return { close, forget, say: words => { if (say.textContent !== words) say.textContent = words; } };
  };
  const undoOne = entry => {
    entry = entry || undone.at(-1);
    const button = $$('[data-act=undo]').find(shown);
    if (!entry && button) { button.form ? button.form.requestSubmit(button) : button.click(); return; }
    if (!entry) { toast('Nothing to undo'); return; }
    undone.splice(undone.indexOf(entry), 1); entry.el.remove(); entry.run();
  };
  const alert = text => { const p = d.createElement('p'); p.textContent = text; $('#alerts').replaceChildren(p); setTimeout(() => p.remove(), 15000); };

  // --- dialogs and menus ---
  const dialog = id => { const box = $(id); if (box && !box.open) box.showModal(); };
  const place = menu => {
    const by = $(`[popovertarget="${menu.id}"]`);
    if (!shown(by)) return;
    const at = by.getBoundingClientRect();
    menu.style.left = Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8)) + 'px';
    menu.style.top = Math.max(8, at.top - menu.offsetHeight - 6 > 8 ? at.top - menu.offsetHeight - 6 : at.bottom + 6) + 'px';
  };
  d.addEventListener('toggle', e => {
    const menu = e.target;
    if (!menu.matches?.('[popover]')) return;
    if (e.newState === 'open') { place(menu); $('button, a, input', menu)?.focus(); }
    else if (!d.activeElement || d.activeElement === body) $(`[popovertarget="${menu.id}"]`)?.focus();
  }, true);
  const inMenu = (menu, e) => {
    const rows = $$('[role=menuitem]', menu), i = rows.indexOf(d.activeElement);
    const chosen = rows.find(r => r.dataset.key === e.key);
    if (chosen) { e.preventDefault(); chosen.click(); }
    else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault(); rows[(i + (e.key === 'ArrowDown' ? 1 : rows.length - 1)) % rows.length]?.focus();
    } else if (e.key === 'Tab') { menu.hidePopover(); }
  };

  Object.assign(acts, {
    help: () => dialog('#help'),
    menu: () => { dialog('#menu'); $('#menu-find')?.focus(); },
    undo: () => undoOne(),
    search: () => { const f = $('input[type=search][data-find]'); f?.focus(); f?.select(); },
    theme: () => {
      const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
      root.dataset.theme = dark ? 'light' : 'dark';
      post('/settings/me/theme', { theme: root.dataset.theme });
    },
    keys: () => {
      const on = body.dataset.keys !== 'on'; body.dataset.keys = on ? 'on' : 'off';
      $$('[data-act=keys]').forEach(b => { b.setAttribute('aria-pressed', on); b.textContent = `Single-key shortcuts ${on ? 'on' : 'off'}`; });
      post('/settings/me/keys', { keys: on ? 'on' : 'off' });
    },
  });

  // --- talking to the server: forms, as without script; the answer as JSON ---
  const post = async (path, fields = {}) => {
    const answer = await fetch(path, {
      method: 'POST', headers: { 'Accept': 'application/json', 'HX-Request': 'true' },
      body: new URLSearchParams(fields), credentials: 'same-origin', redirect: 'manual',
    });
    // Who is signed out is sent to the sign-in, by an answer that looks like success.
    if (answer.type === 'opaqueredirect' || answer.headers.has('HX-Redirect')) return { moved: true };
    const said = answer.headers.get('content-type')?.includes('json') ? await answer.json() : {};
    if (!answer.ok) throw Object.assign(new Error(said.detail || 'The server did not take it.'), { status: answer.status, said });
    return said;
  };

  // --- rows that a cursor walks: real links with real focus ---
  const rows = () => $$('[data-row]').filter(shown);
  const current = () => $('[data-row][aria-current=true]');
  const step = by => {
    const all = rows(), at = all.indexOf(current()), next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    if (!next) return;
    $$('[data-row][aria-current]').forEach(r => r.removeAttribute('aria-current'));
    next.setAttribute('aria-current', 'true'); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' });
  };
  acts.next = () => step(1); acts.previous = () => step(-1);

  // --- dispatch ---
  const REPEATED = ['next', 'previous', 'scroll-down', 'scroll-up'];
  const run = (act, e) => {
    if (acts[act]) { acts[act](e); return true; }
    const scope = current()?.closest('li, tr');
    const target = (scope && $(`[data-act="${act}"]`, scope)) || $$(`[data-act="${act}"]`).find(shown);
    if (target) target.click();
    return Boolean(target);
  };
  d.addEventListener('click', e => {
    const b = e.target.closest('[data-act]');
    if (!b || !acts[b.dataset.act] || e.defaultPrevented || e.ctrlKey || e.metaKey || b.matches('textarea, input')) return;
    e.preventDefault();
    // The second click of a double one would decide the next card, which is under the pointer by then.
    if (e.detail < 2 || REPEATED.includes(b.dataset.act)) acts[b.dataset.act](e);
  });
  const table = new Map();
  KEYMAP.forEach(([ways, act, pages]) => { if (pages.includes(page) || pages.includes('everywhere')) ways.forEach(w => table.set(w, act)); });
  const named = e => (e.ctrlKey || e.metaKey ? 'Control+' : '') + e.key;
  let first = '', timer;
  d.addEventListener('keydown', e => {
    if (e.altKey || e.isComposing || e.defaultPrevented) return;
    const open = $('[popover]:popover-open');
    if (open) { inMenu(open, e); return; }
    if ($('dialog[open]')) return;
    const key = named(e), field = typing(e.target);
    if (field) {
      if (key === 'Escape') { e.preventDefault(); field.blur(); (current() || $('#main')).focus(); }
      else if (key === 'Control+Enter' && field.form?.matches('.draft') && table.has(key)) { e.preventDefault(); run(table.get(key), e); }
      else if (key === 'Control+Enter' && field.form) { e.preventDefault(); field.form.requestSubmit(); }
      return;
    }
    const letter = key.length === 1;
    if (letter && body.dataset.keys === 'off') return;
    const why = $('#toasts .why');
    if (why && /^[1-9]$/.test(key)) { const b = $$('button', why)[key - 1]; if (b) { e.preventDefault(); b.click(); } return; }
    const pair = first && `${first} ${key}`;
    first = '';
    if (pair && table.has(pair)) { e.preventDefault(); run(table.get(pair), e); return; }
    if (letter && [...table.keys()].some(k => k.startsWith(`${key} `))) {
      first = key; clearTimeout(timer); timer = setTimeout(() => { first = ''; }, 1200); return;
    }
    const act = table.get(key);
    if (!act || (key === 'Enter' && e.target.closest('a, button'))) return;
    if (key.startsWith('Arrow') && e.target.closest('[role=tablist], input, .keys, [data-scroll]')) return;
    if (act === 'escape') return;
    if (e.repeat && !REPEATED.includes(act)) { e.preventDefault(); return; }
    if (run(act, e)) e.preventDefault();
  });
  $('#menu-find')?.addEventListener('input', e => {
    const word = e.target.value.toLowerCase();
    $$('#menu li').forEach(li => { li.hidden = !li.textContent.toLowerCase().includes(word); });
  });
  $('#menu-find')?.addEventListener('keydown', e => {
    if (e.key === 'Enter') { e.preventDefault(); $$('#menu li a').find(shown)?.click(); }
  });
  // A form that came back with errors: the first field that has one.
  $('main [aria-invalid=true]')?.focus();
  addEventListener('offline', () => alert('You are offline. What you decide is kept here and sent when you are back.'));
  addEventListener('online', () => $('#alerts').replaceChildren());
  return { $, $$, acts, page, post, toast, alert, rows, current, shown, typing, run };
})();
