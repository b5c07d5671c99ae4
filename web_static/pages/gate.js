// Signing in, and creating the first administrator with the one-time link.
import { LitElement, html, nothing } from '../vendor/lit/index.js';
import { failure } from '../components/empty.js';
import { mark } from '../components/icons.js';
import { session, setUp, signIn } from '../lib/api.js';
import { go, query } from '../lib/router.js';

class Gate extends LitElement {
  static properties = { problem: { state: true }, busy: { state: true } };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.token = location.pathname === '/setup' ? location.hash.slice(1) : '';
    if (this.token) history.replaceState(null, '', '/setup'); // the token stays in memory only
    this.next = location.pathname === '/login' || location.pathname === '/setup' ? query().next : location.pathname + location.search;
    this.setting = Boolean(this.token) || (location.pathname === '/setup' && session.setup);
  }

  updated() {
    document.title = this.setting ? 'Set up · DECNET' : 'Sign in · DECNET';
  }

  render() {
    return html`<main class="gate" id="main">
      <div class="panel">
        <div class="brand">${mark()} DECNET</div>
        ${this.setting ? this.setupForm() : session.setup ? this.waiting() : this.signInForm()}
      </div>
    </main>`;
  }

  signInForm() {
    return html`
      <h1>Sign in</h1>
      ${this.problem ? failure(this.problem) : nothing}
      <form @submit=${this.signIn}>
        <label class="field"><span>User</span><input name="user" autocomplete="username" required autofocus maxlength="64" spellcheck="false" autocapitalize="none" /></label>
        <label class="field"><span>Password</span><input name="password" type="password" autocomplete="current-password" required /></label>
        <button class="button primary" ?disabled=${this.busy}>Sign in</button>
      </form>
      <p class="muted">Forgotten? On the machine: <code>decnetctl user reset-password NAME</code></p>`;
  }

  waiting() {
    return html`
      <h1>Not set up yet</h1>
      <p>Nobody can sign in so far. <code>decnetd</code> prints a one-time link when it starts; open it in this browser to create the first administrator.</p>
      <p class="muted">The link is valid for 15 minutes. A new one: <code>decnetctl user setup-link</code></p>
      <button class="button" type="button" @click=${() => location.reload()}>Check again</button>`;
  }

  setupForm() {
    return html`
      <h1>Create the first administrator</h1>
      <p class="muted">This link works once. A password of at least 15 characters that is in no list of leaked ones, best a sentence nobody else would write.</p>
      ${this.problem ? failure(this.problem) : nothing}
      <form @submit=${this.setUp}>
        <label class="field"><span>User</span><input name="user" autocomplete="username" required autofocus maxlength="64" spellcheck="false" autocapitalize="none" /></label>
        <label class="field"><span>Password</span><input name="password" type="password" autocomplete="new-password" required minlength="8" maxlength="128" /></label>
        <label class="field"><span>Password again</span><input name="again" type="password" autocomplete="new-password" required maxlength="128" /></label>
        <button class="button primary" ?disabled=${this.busy}>Create and sign in</button>
      </form>`;
  }

  async attempt(work, next) {
    this.busy = true;
    this.problem = null;
    try {
      await work();
      go(next?.startsWith('/') && !next.startsWith('//') ? next : '/', { replace: true });
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  signIn(event) {
    event.preventDefault();
    const { user, password } = event.target.elements;
    this.attempt(() => signIn(user.value, password.value), this.next);
  }

  setUp(event) {
    event.preventDefault();
    const { user, password, again } = event.target.elements;
    if (password.value !== again.value) {
      this.problem = { title: 'The passwords differ.', message: 'Type the same one twice.' };
      return;
    }
    this.attempt(() => setUp(this.token, user.value, password.value), '/');
  }
}
customElements.define('dn-gate', Gate);
