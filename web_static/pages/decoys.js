// The fleet: one card a decky.
import { html, nothing } from '../vendor/lit/index.js';
import { state } from '../components/badge.js';
import { empty, failure, loading } from '../components/empty.js';
import { call } from '../lib/api.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { plural } from '../lib/text.js';

class Decoys extends Page {
  get heading() {
    return 'Decoys';
  }

  connectedCallback() {
    super.connectedCallback();
    this.stale = false;
    this.until(subscribe(['events'], (event) => (this.stale ||= /^(session_(opened|closed)|service_)/.test(event))));
    this.every(3, () => this.stale && this.reload({ quiet: true }));
  }

  async fetch(signal) {
    this.stale = false;
    const [deckies, services] = await Promise.all([call('decky.list', {}, { signal }), call('service.list', {}, { signal })]);
    return { deckies: deckies.items, services: services.items };
  }

  render() {
    const up = this.data?.deckies.filter((decky) => decky.state === 'up').length;
    return html`
      <div class="page-head">
        <h1>Decoys</h1>
        ${this.data?.deckies.length ? html`<span class="muted">${up} of ${plural(this.data.deckies.length, 'decoy')} up</span>` : nothing}
        <p class="lead">The machines attackers are meant to find. Each has its own address, persona and services.</p>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.body()}
    `;
  }

  body() {
    if (!this.data) return loading('decoys');
    if (!this.data.deckies.length) {
      return html`<section class="card" aria-label="Decoys">${empty({
        title: 'There is no decoy yet',
        text: 'Describe one in the fleet folder and reload; this page follows by itself.',
        command: '# fleet.d/10-first.toml\n[[decky]]\nname = "web-01"\nservices = ["ssh", "http"]\n\n$ decnetctl config check',
        symbol: 'decoys',
      })}</section>`;
    }
    return html`<div class="deckies">${this.data.deckies.map((decky) => this.card(decky))}</div>`;
  }

  card(decky) {
    const services = this.data.services.filter((service) => service.decky === decky.name);
    return html`<article class="card decky" aria-labelledby="decky-${decky.name}">
      <div class="row">
        <h2 id="decky-${decky.name}"><a href=${`/decoys/${decky.name}`}>${decky.name}</a></h2>
        ${state(decky.state)}
      </div>
      <div>
        <div class="mono">${decky.address}</div>
        <div class="muted">${decky.system}</div>
      </div>
      <ul class="chips" aria-label="Services of ${decky.name}">
        ${services.map((service) => html`<li class="chip">
          ${service.service} <span class="muted">:${service.port || service.claimed_port}</span>${service.state === 'up' ? nothing : state(service.state)}
        </li>`)}
      </ul>
      <div class="row">
        <span class="muted">${plural(decky.sessions, 'session')} open</span>
        <a href=${href('/sessions', { decky: decky.name })}>Sessions<span class="visually-hidden"> of ${decky.name}</span></a>
      </div>
    </article>`;
  }
}
customElements.define('dn-decoys', Decoys);
