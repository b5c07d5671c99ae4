// The console's frame: who is signed in, which page is shown, and the rail and bar around it.
import { LitElement, html, nothing } from './vendor/lit/index.js';
import { icon, mark } from './components/icons.js';
import { loadSession, onSession, session, signOut } from './lib/api.js';
import { help, start as startKeys } from './lib/keys.js';
import { hold, onState, status } from './lib/live.js';
import { apply, watch } from './lib/prefs.js';
import { go, href, match, onRoute, query, start as startRouter } from './lib/router.js';
import { clock, zoneLabel } from './lib/time.js';

const PAGES = [
  ['/', 'dn-overview', () => import('./pages/overview.js')],
  ['/live', 'dn-live', () => import('./pages/live.js')],
  ['/sessions', 'dn-sessions', () => import('./pages/sessions.js')],
  ['/sessions/search', 'dn-search', () => import('./pages/search.js')],
  ['/sessions/{id}', 'dn-session', () => import('./pages/session.js')],
  ['/attackers', 'dn-attackers', () => import('./pages/attackers.js')],
  ['/attackers/{address}', 'dn-attacker', () => import('./pages/attacker.js')],
  ['/credentials', 'dn-credentials', () => import('./pages/credentials.js')],
  ['/credentials/reuse', 'dn-reuse', () => import('./pages/reuse.js')],
  ['/techniques', 'dn-techniques', () => import('./pages/techniques.js')],
  ['/decoys', 'dn-decoys', () => import('./pages/decoys.js')],
  ['/decoys/{name}', 'dn-decoy', () => import('./pages/decoy.js')],
  ['/system', 'dn-system', () => import('./pages/system.js')],
  ['/settings', 'dn-settings', () => import('./pages/settings.js')],
];
const RAIL = [
  ['Watch', [['/', 'overview', 'Overview'], ['/live', 'live', 'Live events']]],
  ['Investigate', [['/attackers', 'attackers', 'Attackers'], ['/sessions', 'sessions', 'Sessions'], ['/credentials', 'credentials', 'Credentials'], ['/techniques', 'techniques', 'Techniques']]],
  ['Deceive', [['/decoys', 'decoys', 'Decoys']]],
  ['Operate', [['/system', 'system', 'System'], ['/settings', 'settings', 'Settings']]],
];

class App extends LitElement {
  static properties = { ready: { state: true }, broken: { state: true }, menu: { state: true }, live: { state: true } };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    apply();
    startRouter();
    startKeys();
    onRoute(() => this.route());
    onSession(() => {
      this.ready = true;
      this.route();
    });
    onState(() => (this.live = { ...status }));
    watch(() => this.requestUpdate());
    this.live = { ...status };
    this.begin();
  }

  async begin() {
    this.broken = false;
    try {
      await loadSession();
    } catch {
      this.broken = true;
      setTimeout(() => this.begin(), 3000);
    }
  }

  async route() {
    this.menu = false;
    const path = location.pathname;
    if (session.user) this.release ??= hold();
    else {
      this.release?.();
      this.release = null;
    }
    if (!session.user) {
      await import('./pages/gate.js');
      return this.requestUpdate();
    }
    if (path === '/login' || path === '/setup') return go(query().next?.startsWith('/') ? query().next : '/', { replace: true });
    const found = PAGES.map(([pattern, tag, load]) => ({ tag, load, parameters: match(pattern, path) })).find((page) => page.parameters);
    this.requestUpdate();
    const key = found ? found.tag + JSON.stringify(found.parameters) : 'none';
    if (found) await found.load();
    if (location.pathname !== path) return; // somebody went on meanwhile
    const main = this.querySelector('main');
    if (this.key === key && main?.firstElementChild) main.firstElementChild.routed?.(found.parameters);
    else {
      this.key = key;
      await this.updateComplete;
      this.show(found);
    }
    this.requestUpdate();
  }

  show(found) {
    const main = this.querySelector('main');
    if (!main) return requestAnimationFrame(() => this.show(found));
    if (!found) {
      document.title = 'Not found · DECNET';
      const gone = document.createElement('h1');
      gone.textContent = 'There is no page at this address';
      main.replaceChildren(gone);
      return;
    }
    const page = document.createElement(found.tag);
    page.parameters = found.parameters;
    main.replaceChildren(page);
    scrollTo(0, 0);
    if (this.shown) main.focus({ preventScroll: true });
    this.shown = true;
  }

  render() {
    if (this.broken) {
      return html`<div class="gate"><div class="panel" role="alert">
        <div class="brand">${mark()} DECNET</div>
        <p>The daemon does not answer. Trying again…</p>
        <p class="muted">On the machine itself: <code>decnetctl status</code></p>
      </div></div>`;
    }
    if (!this.ready) return nothing;
    if (!session.user) {
      this.key = null;
      return html`<dn-gate></dn-gate>`;
    }
    return html`
      <a class="skip" href="#main" @click=${this.skip}>Skip to content</a>
      <div class="frame">
        ${this.rail()}
        ${this.topbar()}
        <main id="main" tabindex="-1"></main>
      </div>
      ${this.menu ? html`<button class="scrim" type="button" aria-label="Close the list of pages" @click=${() => this.openMenu(false)}></button>` : nothing}
    `;
  }

  skip(event) {
    event.preventDefault();
    this.querySelector('main').focus();
  }

  rail() {
    const at = location.pathname;
    return html`<nav class="rail ${this.menu ? 'open' : ''}" aria-label="Pages" @keydown=${this.leaveMenu}>
      <a class="brand" href="/">${mark()} DECNET</a>
      ${RAIL.map(([group, pages]) => html`
        <div class="group" id="rail-${group}">${group}</div>
        <ul aria-labelledby="rail-${group}">
          ${pages.map(([path, symbol, label]) => html`<li>
            <a href=${path} aria-current=${(path === '/' ? at === '/' : at.startsWith(path)) ? 'page' : nothing}>${icon(symbol)} ${label}</a>
          </li>`)}
        </ul>`)}
      <div class="foot">
        <button class="more" type="button" @click=${help}>Keyboard <kbd>?</kbd></button>
      </div>
    </nav>`;
  }

  async openMenu(open) {
    this.menu = open;
    await this.updateComplete;
    this.querySelector(open ? '.rail a' : '.menu-button').focus();
  }

  leaveMenu(event) {
    if (event.key === 'Escape' && this.menu) this.openMenu(false);
  }

  topbar() {
    const words = { open: ['ok', 'Live'], lost: ['high', 'Live paused'], refused: ['high', 'Live paused'], idle: ['', 'Not live'] };
    const [tone, word] = words[this.live.state] ?? words.idle;
    return html`<header class="topbar">
        <button class="button small menu-button" type="button" aria-label="Pages" aria-expanded=${this.menu ? 'true' : 'false'} @click=${() => this.openMenu(!this.menu)}>
          ${icon('menu')}
        </button>
        <form class="search" role="search" @submit=${this.search}>
          ${icon('search')}
          <input name="q" type="search" aria-label="Search addresses, decoys, users and text" placeholder="Address, decoy, user, text…" autocomplete="off" spellcheck="false" />
          <kbd aria-hidden="true">/</kbd>
        </form>
        <div class="end">
          <span class="badge ${tone}" role="status" title="Last event ${this.live.last ? clock(this.live.last / 1000) : 'none yet'}">
            <svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="4.5" stroke="none" /></svg>${word}
          </span>
          <a class="chip" href="/settings?tab=appearance" title="Times are shown in this zone">${icon('globe')} ${zoneLabel()}</a>
          <span class="chip" title="Role: ${session.role}">${icon('user')} <bdi>${session.user}</bdi> <span class="muted">${session.role}</span></span>
          <button class="button small quiet" type="button" @click=${() => signOut()}>Sign out</button>
        </div>
      </header>
      ${this.live.state === 'lost'
        ? html`<div class="notice warn lost" role="status">
            Live paused, retrying. ${this.live.last ? html`Last event ${clock(this.live.last / 1000)}.` : nothing} What is shown may be out of date.
          </div>`
        : nothing}`;
  }

  search(event) {
    event.preventDefault();
    const field = event.target.elements.q;
    const text = field.value.trim();
    if (!text) return;
    field.value = '';
    field.blur();
    if (/^[0-9a-f]{32}$/.test(text)) go(`/sessions/${text}`);
    else if (/^[0-9a-fA-F:.]+$/.test(text) && /[.:]/.test(text)) go(href('/sessions', { source: text }));
    else go(href('/live', { q: text }));
  }
}
customElements.define('dn-app', App);
