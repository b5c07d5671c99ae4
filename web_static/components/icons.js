// Line icons, drawn here; 24 units square.
import { html, svg } from '../vendor/lit/index.js';

const PATHS = {
  overview: svg`<path d="M4 13h6V4H4zm10 7h6V4h-6zM4 20h6v-4H4z"/>`,
  live: svg`<path d="M3 12h4l3-8 4 16 3-8h4"/>`,
  sessions: svg`<path d="m5 7 4 5-4 5M12 18h7"/>`,
  attackers: svg`<circle cx="12" cy="12" r="7"/><path d="M12 2v6m0 8v6M2 12h6m8 0h6"/>`,
  credentials: svg`<circle cx="8" cy="15" r="4"/><path d="m11 12 8-8m-3 3 3 3m-6 0 2 2"/>`,
  techniques: svg`<path d="M4 5h4v4H4zm6 0h4v4h-4zm6 0h4v4h-4zM4 11h4v4H4zm6 0h4v4h-4zM4 17h4v3H4z"/>`,
  decoys: svg`<path d="M12 3 20 7.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12 4 7.5"/>`,
  system: svg`<path d="M12 4v5m0 0H6v4m6-4h6v4M4 13h4v5H4zm12 0h4v5h-4zm-6 0h4v5h-4zm2-4v4"/>`,
  settings: svg`<path d="M4 7h9m4 0h3M4 17h3m4 0h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
  search: svg`<circle cx="11" cy="11" r="6"/><path d="m20 20-4.5-4.5"/>`,
  menu: svg`<path d="M4 7h16M4 12h16M4 17h16"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  right: svg`<path d="m9 6 6 6-6 6"/>`,
  pause: svg`<path d="M8 5v14M16 5v14"/>`,
  play: svg`<path d="M7 5v14l11-7z"/>`,
  copy: svg`<path d="M9 9h11v11H9zM5 15H4V4h11v1"/>`,
  restart: svg`<path d="M20 12a8 8 0 1 1-2.3-5.6M20 4v4h-4"/>`,
  stop: svg`<path d="M6 6h12v12H6z"/>`,
  user: svg`<circle cx="12" cy="8" r="4"/><path d="M4 20c1-4 4.5-5.5 8-5.5s7 1.5 8 5.5"/>`,
  globe: svg`<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c3 3 3 14 0 17c-3-3-3-14 0-17"/>`,
  net: svg`<circle cx="12" cy="12" r="3"/><path d="M12 3v6m0 6v6M3 12h6m6 0h6M6 6l4 4m4 4 4 4m0-12-4 4m-4 4-4 4"/>`,
};

export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`;
}

export function mark() {
  return html`<svg viewBox="0 0 32 32" aria-hidden="true">
    <path class="mark-line" d="M16 2.5 27.7 9.2v13.6L16 29.5 4.3 22.8V9.2z" />
    <path class="mark-core" d="M16 10.2 21 13.1v5.8L16 21.8l-5-2.9v-5.8z" />
  </svg>`;
}
