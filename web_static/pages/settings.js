// Settings: how this browser shows things, one's own password, and for administrators users, tokens and the audit log.
import { html, nothing } from '../vendor/lit/index.js';
import { failure } from '../components/empty.js';
import { can, changePassword, session } from '../lib/api.js';
import { Page } from '../lib/page.js';
import { get, set } from '../lib/prefs.js';
import { href } from '../lib/router.js';
import { zone } from '../lib/time.js';
import { audit, tokens, users } from './settings-admin.js';

const ZONES = ['browser', 'UTC', 'Europe/London', 'Europe/Paris', 'Europe/Berlin', 'Europe/Madrid', 'America/New_York', 'America/Chicago', 'America/Los_Angeles', 'America/Sao_Paulo', 'Asia/Dubai', 'Asia/Kolkata', 'Asia/Singapore', 'Asia/Tokyo', 'Australia/Sydney'];

class Settings extends Page {
  static properties = { said: { state: true }, formProblem: { state: true } };

  get heading() {
    return 'Settings';
  }

  tabs() {
    return [
      ['appearance', 'Appearance', true],
      ['password', 'Password', true],
      ['users', 'Users', can('user.list')],
      ['tokens', 'API tokens', can('api-token.list')],
      ['audit', 'Audit log', can('audit.list')],
    ].filter(([, , shown]) => shown);
  }

  get tab() {
    return this.tabs().some(([name]) => name === this.query.tab) ? this.query.tab : 'appearance';
  }

  async fetch(signal) {
    this.formProblem = null;
    const part = { users, tokens, audit }[this.tab];
    return part ? { tab: this.tab, ...(await part.fetch(signal)) } : { tab: this.tab };
  }

  render() {
    return html`
      <div class="page-head"><h1>Settings</h1><div class="said" role="status">${this.said ? html`<div class="notice good">${this.said}</div>` : nothing}</div></div>
      <nav class="segments tabs" aria-label="Settings">
        ${this.tabs().map(([name, label]) => html`<a href=${href('/settings', { tab: name })} aria-current=${name === this.tab ? 'page' : nothing}>${label}</a>`)}
      </nav>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.data?.tab === this.tab ? this.body() : nothing}
    `;
  }

  body() {
    const parts = { appearance: () => this.appearance(), password: () => this.password(), users: () => users.view(this), tokens: () => tokens.view(this), audit: () => audit.view(this) };
    return parts[this.tab]();
  }

  appearance() {
    const choice = (name, label, hint, options) => html`<label class="field">
      <span>${label} <span class="hint">${hint}</span></span>
      <select @change=${(event) => { set(name, event.target.value); this.requestUpdate(); }}>
        ${options.map(([value, text]) => html`<option value=${value} ?selected=${get(name) === value}>${text}</option>`)}
      </select>
    </label>`;
    return html`<section class="card" aria-label="Appearance">
      <header><h2>Appearance</h2><span class="muted">kept in this browser</span></header>
      <div class="body"><div class="form">
        ${choice('theme', 'Theme', '', [['system', 'as the system'], ['dark', 'dark'], ['light', 'light']])}
        ${choice('zone', 'Time zone', `now ${zone()}`, ZONES.map((name) => [name, name === 'browser' ? 'of this browser' : name.replaceAll('_', ' ')]))}
        ${choice('density', 'Rows', '', [['comfortable', 'comfortable'], ['compact', 'compact']])}
        ${choice('shortcuts', 'Single-key shortcuts', 'press ? for the list', [['on', 'on'], ['off', 'off']])}
      </div></div>
    </section>`;
  }

  password() {
    return html`<section class="card" aria-label="Password">
      <header><h2>Your password</h2><span class="muted">changing it signs you out everywhere else</span></header>
      <div class="body">
        ${this.formProblem ? failure(this.formProblem) : nothing}
        <form class="form" @submit=${this.change}>
          <input class="visually-hidden" name="user" autocomplete="username" .value=${session.user} readonly tabindex="-1" aria-label="User" />
          <label class="field"><span>Current password</span><input name="current" type="password" autocomplete="current-password" required /></label>
          <label class="field"><span>New password <span class="hint">at least ${session.min_password} characters</span></span><input name="password" type="password" autocomplete="new-password" required maxlength="128" /></label>
          <div><button class="button primary">Change password</button></div>
        </form>
      </div>
    </section>`;
  }

  async change(event) {
    event.preventDefault();
    const form = event.target;
    await this.attempt(async () => {
      await changePassword(form.elements.current.value, form.elements.password.value);
      form.reset();
      return 'Your password is changed.';
    });
  }

  /** Runs what a form does; says how it went. */
  async attempt(work) {
    this.formProblem = null;
    this.said = '';
    try {
      const said = await work();
      await this.reload({ quiet: true });
      this.said = said;
    } catch (error) {
      this.formProblem = error;
    }
  }
}
customElements.define('dn-settings', Settings);
