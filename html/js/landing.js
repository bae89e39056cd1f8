// The examples of the front page: with this host in them, one language at a
// time, to be copied.

import { API, copy, el, speak } from './base.js';

const groups = [...document.querySelectorAll('.tabs')].map(arrange);

function arrange(group, g) {
  const panels = [...group.querySelectorAll('pre')];
  const tabs = [...group.querySelectorAll('h4')].map((name, n) => {
    const panel = panels[n];
    const tab = el('button', { type: 'button', class: 'quiet', role: 'tab', id: `tab-${g}-${n}`,
      'aria-controls': `example-${g}-${n}`, onclick: () => choose(n, group),
      onkeydown: event => move(event, n, g) }, name.textContent);

    panel.textContent = panel.textContent.replaceAll('https://your-host/api', location.origin + API);
    panel.id = `example-${g}-${n}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    panel.tabIndex = 0;
    name.remove();
    return tab;
  });

  const button = el('button', { type: 'button', class: 'quiet', 'aria-live': 'polite',
    'data-t': 'landing.copy',
    onclick: () => copy(panels.find(p => !p.hidden).textContent, button) }, 'Copy');

  // browsers lend the clipboard over TLS only
  group.prepend(el('div', { class: 'row' },
    el('div', { role: 'tablist', class: 'row', 'data-t-label': 'landing.tabs' }, tabs),
    navigator.clipboard && button));
  return { tabs, panels };
}

// All examples change together; what was clicked stays where it is.

function choose(n, group) {
  const before = group.getBoundingClientRect().top;

  for (const { tabs, panels } of groups) {
    tabs.forEach((tab, i) => {
      tab.setAttribute('aria-selected', String(i === n));
      tab.tabIndex = i === n ? 0 : -1;
      panels[i].hidden = i !== n;
    });
  }
  scrollBy(0, group.getBoundingClientRect().top - before);
}

function move(event, n, g) {
  const { tabs, panels } = groups[g];
  const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: -1 }[event.key];

  if (to !== undefined) {
    const tab = tabs.at(to % tabs.length);
    event.preventDefault();
    choose(tabs.indexOf(tab), panels[0].parentNode);
    tab.focus({ preventScroll: true });
  }
}

choose(0, document.body);
speak();
