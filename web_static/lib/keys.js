// Single-key shortcuts; they can be switched off, and never fire while somebody types.
import { html } from '../vendor/lit/index.js';
import { tell } from '../components/dialogs.js';
import { get } from './prefs.js';
import { go } from './router.js';

const PLACES = { o: '/', l: '/live', s: '/sessions', c: '/credentials', a: '/attackers', m: '/techniques', d: '/decoys', y: '/system', t: '/settings' };
let leader = 0; // when "g" was pressed

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function step(direction) {
  const links = [...document.querySelectorAll('main tbody a.row-link, main tbody button.row-link')];
  if (!links.length) return;
  const row = document.activeElement?.closest('tr');
  const at = links.findIndex((link) => link.closest('tr') === row);
  links[Math.min(links.length - 1, Math.max(0, at + direction))].focus();
}

export function help() {
  const rows = [
    ['/', 'search'],
    ['j k', 'next and previous row; Enter opens it'],
    ['g o', 'overview'],
    ['g l', 'live events'],
    ['g s', 'sessions'],
    ['g c', 'credentials'],
    ['g a', 'attackers'],
    ['g m', 'techniques (the ATT&CK matrix)'],
    ['g d', 'decoys'],
    ['g y', 'system'],
    ['g t', 'settings, where these keys can be switched off'],
    ['p', 'pause or resume what is live'],
    ['?', 'this list'],
  ];
  tell('Keyboard', html`<dl class="keys">${rows.map(([keys, text]) => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>`);
}

export function start() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey && event.key === 'k') {
      event.preventDefault();
      document.querySelector('.search input')?.focus();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || document.querySelector('dialog[open]') || get('shortcuts') === 'off') return;
    if (performance.now() - leader < 1200 && PLACES[event.key]) {
      leader = 0;
      event.preventDefault();
      go(PLACES[event.key]);
      return;
    }
    const acts = {
      '/': () => document.querySelector('.search input')?.focus(),
      '?': help,
      g: () => (leader = performance.now()),
      j: () => step(1),
      k: () => step(-1),
      p: () => document.querySelector('[data-key="p"]')?.click(),
    };
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });
}
