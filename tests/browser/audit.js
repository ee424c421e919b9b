// What audit.py asks of a page. One object, put in by the debugger, past the page's policy.
({
  shown: e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden',
  named: e => `${e.tagName.toLowerCase()}${e.className && e.className.trim ? '.' + e.className.trim().split(/\s+/).join('.') : ''}`,

  async violations(tags) {
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
    const why = n => n.target.join(' ') + (n.any[0] ? ' – ' + n.any[0].message : '');
    return found.violations.map(v => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map(why).join(' | ')}`);
  },

  overflow() {
    const root = document.documentElement, wide = root.scrollWidth, room = root.clientWidth;
    if (wide <= room) return [];
    const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1);
    return [`${wide} px in ${room}: ${out.slice(0, 4).map(this.named).join(', ')}`];
  },

  smallText() {
    const decoration = 'kbd, kbd *, .av, .av *, [aria-hidden=true], [aria-hidden=true] *, svg *, .vh, .vh *';
    const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      if (!walk.currentNode.data.trim() || e.matches(decoration) || !this.shown(e)) continue;
      const size = parseFloat(getComputedStyle(e).fontSize);
      if (size < 12) found.add(`${this.named(e)} ${size} px`);
    }
    return [...found];
  },

  filledButtons() {
    const all = [...document.querySelectorAll('.btn.pri')].filter(this.shown);
    return all.map(e => e.textContent.trim().replace(/\s+/g, ' '));
  },

  smallTargets() {
    const pressed = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
    const inSentence = e => e.tagName === 'A' && getComputedStyle(e).display === 'inline'
      && e.parentElement.textContent.trim() !== e.textContent.trim();
    // A box or a dot is pressed by its label, too.
    const box = e => {
      const label = e.matches('[type=checkbox], [type=radio]') && e.closest('label');
      return (label || e).getBoundingClientRect();
    };
    const small = e => { const r = box(e); return r.width < 23.9 || r.height < 23.9; };
    const all = [...document.querySelectorAll(pressed)].filter(e => this.shown(e) && !e.disabled);
    const boxes = all.map(e => [e, box(e)]);
    // Spaced (WCAG 2.5.8): a circle of 24 px around its middle touches no other target.
    const crowded = e => {
      const r = box(e), x = r.left + r.width / 2, y = r.top + r.height / 2;
      return boxes.some(([o, b]) => o !== e && !o.contains(e) && !e.contains(o) && Math.hypot(
        Math.max(b.left - x, 0, x - b.right), Math.max(b.top - y, 0, y - b.bottom)) < 12);
    };
    return all.filter(e => !e.closest('.vh, .skip') && !inSentence(e) && small(e) && crowded(e)).map(e => {
      const r = box(e), word = (e.textContent || e.name || '').trim().slice(0, 20);
      return `${this.named(e)} "${word}" ${Math.round(r.width)}x${Math.round(r.height)}`;
    });
  },

  liveAttributes() {
    const address = /^((xlink:)?href|src|action|formaction|data|hx-(get|post|put|delete))$/i;
    const runs = /^[\s\x00-\x1f]*(javascript|data|vbscript|blob):/i;
    const bad = a => /^on/i.test(a.name) || /^(data-)?hx-on/i.test(a.name) || a.name === 'srcdoc'
      || (address.test(a.name) && runs.test(a.value));
    return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].filter(bad)
      .map(a => `${this.named(e)} ${a.name}=${a.value.slice(0, 60)}`));
  },

  currentRowDiffers() {
    const at = document.querySelector('[data-row][aria-current=true]');
    const other = document.querySelector('[data-row]:not([aria-current=true])');
    const look = e => {
      const s = getComputedStyle(e);
      return [s.outline, s.borderLeft, s.borderTop, s.backgroundColor, s.color, s.fontWeight].join();
    };
    return Boolean(at && other && look(at) !== look(other));
  },

  moving() {
    return document.getAnimations().filter(a => a.effect.getComputedTiming().duration > 1)
      .map(a => a.animationName || a.transitionProperty || 'an animation');
  },

  // The element that has the focus: where it is, whether its ring shows, and whether something covers it.
  focused() {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    const x = Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(r.top + r.height / 2, 0), innerHeight - 1);
    const top = document.elementFromPoint(x, y);
    const framed = style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
    // A field without a border of its own shows it on the box around it.
    const around = e.matches('textarea, input') && e.closest('form');
    const ring = framed(s) || Boolean(around && around.matches(':focus-within') && framed(getComputedStyle(around)));
    const free = Boolean(top && (e.contains(top) || top.contains(e) || top.closest('label')?.contains(e)));
    return { who: `${this.named(e)} "${(e.textContent || e.name || '').trim().slice(0, 20)}"`, ring, free,
      inside: Boolean(e.closest('main, dialog, [popover], nav, .side, #toasts')) };
  },
})
