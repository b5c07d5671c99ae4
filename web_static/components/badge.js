// A state or severity as word, shape and colour; never as colour alone.
import { html, svg } from '../vendor/lit/index.js';

const SHAPES = {
  dot: svg`<circle cx="6" cy="6" r="4.5" stroke="none"/>`,
  ring: svg`<circle cx="6" cy="6" r="4" fill="none" stroke-width="1.6"/>`,
  diamond: svg`<path d="M6 .8 11.2 6 6 11.2.8 6z" stroke="none"/>`,
  triangle: svg`<path d="M6 1 11.4 11H.6z" stroke="none"/>`,
  octagon: svg`<path d="M3.8.8h4.4l3 3v4.4l-3 3H3.8l-3-3V3.8z" stroke="none"/>`,
  square: svg`<path d="M2 2h8v8H2z" stroke="none"/>`,
  half: svg`<path d="M6 1.5a4.5 4.5 0 0 1 0 9z" stroke="none"/><circle cx="6" cy="6" r="4.5" fill="none" stroke-width="1.4"/>`,
};

const LEVELS = {
  info: ['', 'ring', 'info'],
  low: ['', 'dot', 'low'],
  medium: ['medium', 'diamond', 'medium'],
  high: ['high', 'triangle', 'high'],
  critical: ['critical', 'octagon', 'critical'],
};

const STATES = {
  up: ['ok', 'dot', 'up'],
  down: ['critical', 'octagon', 'down'],
  running: ['ok', 'dot', 'running'],
  starting: ['medium', 'half', 'starting'],
  backoff: ['high', 'triangle', 'backoff'],
  queued: ['', 'ring', 'waits'],
  succeeded: ['ok', 'dot', 'done'],
  failed: ['critical', 'octagon', 'failed'],
  disabled: ['critical', 'octagon', 'gave up'],
  stopped: ['', 'square', 'stopped'],
  open: ['ok', 'dot', 'open'],
  closed: ['', 'ring', 'closed'],
  accepted: ['high', 'triangle', 'accepted'],
  refused: ['', 'ring', 'refused'],
};

function badge([tone, shape, word]) {
  return html`<span class="badge ${tone}"><svg viewBox="0 0 12 12" aria-hidden="true">${SHAPES[shape]}</svg>${word}</span>`;
}

export const severity = (name) => badge(LEVELS[name] ?? LEVELS.info);
export const state = (name) => badge(STATES[name] ?? ['', 'ring', name]);
export const plain = (tone, word) => badge([tone, { ok: 'dot', medium: 'diamond', high: 'triangle', critical: 'octagon' }[tone] ?? 'ring', word]);
