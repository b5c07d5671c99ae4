// What happened, on one screen: figures, the chain, a chart, what is live, and who is at the top.
import { html, nothing } from '../vendor/lit/index.js';
import { spark } from '../components/chart.js';
import { empty, failure, loading } from '../components/empty.js';
import { feed } from '../components/feed.js';
import { icon } from '../components/icons.js';
import { ranked } from '../components/table.js';
import { call } from '../lib/api.js';
import { attackerPath } from '../lib/attackers.js';
import { SHOWN_KINDS, level } from '../lib/facts.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { go, href } from '../lib/router.js';
import { number, peer, plural } from '../lib/text.js';
import { full, now, when } from '../lib/time.js';

const RANGES = { '1h': 3600, '24h': 86400, '7d': 604800, '30d': 2592000 };
const MAX_FEED = 12;

class Overview extends Page {
  static properties = { events: { state: true }, paused: { state: true }, table: { state: true } };

  get heading() {
    return 'Overview';
  }

  connectedCallback() {
    this.events = [];
    this.paused = false;
    this.table = false;
    super.connectedCallback();
    this.until(subscribe(['events'], (event, data) => this.arrived(event, data)));
    this.every(10, () => this.stale && this.reload({ quiet: true }));
  }

  range() {
    const { range = '24h', since, until } = this.query;
    if (since) return { since: Number(since), until: until ? Number(until) : now() };
    return { since: now() - (RANGES[range] ?? RANGES['24h']), until: undefined };
  }

  async fetch(signal) {
    this.stale = false;
    const { since, until } = this.range();
    const [overview, recent, deckies] = await Promise.all([
      call('overview.show', { since: since.toFixed(0), until: until?.toFixed(0), top: 8 }, { signal }),
      call('event.list', { kind: SHOWN_KINDS, limit: MAX_FEED * 2 }, { signal }),
      call('decky.list', {}, { signal }),
    ]);
    if (!this.paused) this.events = recent.items.slice(0, MAX_FEED);
    return { overview, deckies: deckies.items };
  }

  arrived(event, data) {
    if (event === 'gap' || event === 'reset') this.reload({ quiet: true });
    if (!data.seq || !data.kind) return;
    this.stale = true;
    if (!this.paused) this.events = [{ ...data, fresh: true }, ...this.events].slice(0, MAX_FEED);
  }

  render() {
    if (!this.data) return this.problem ? failure(this.problem, () => this.reload()) : loading('the overview');
    const { overview, deckies } = this.data;
    return html`
      <div class="page-head">
        <h1>Overview</h1>
        <div class="end">${this.ranges()}</div>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.figures(overview, deckies)}
      ${this.chain(overview)}
      <div class="grid-2">
        <div class="stack">${this.chart(overview)} ${this.tops(overview)}</div>
        ${this.liveFeed()}
      </div>
    `;
  }

  ranges() {
    const chosen = this.query.since ? '' : (this.query.range ?? '24h');
    return html`
      ${this.query.since ? html`<span class="muted">${full(Number(this.query.since))} to ${full(this.data.overview.until)}</span>` : nothing}
      <nav class="segments" aria-label="Time range">
        ${Object.keys(RANGES).map((range) => html`<a href=${href('/', { range })} aria-current=${range === chosen ? 'true' : nothing}>${range}</a>`)}
      </nav>`;
  }

  figures(o, deckies) {
    const up = deckies.filter((decky) => decky.state === 'up').length;
    const series = (key) => spark(o.series.map((point) => point[key]));
    return html`<dl class="kpis">
      ${this.figure('Sources', o.sources, nothing)}
      ${this.figure('Sessions', o.sessions, series('sessions'))}
      ${this.figure('Credentials tried', o.credentials, series('credentials'))}
      ${this.figure('Logged in', o.accepted, series('accepted'))}
      ${this.figure('Commands', o.commands, nothing)}
      <div class="card kpi">
        <dt>Decoys up</dt>
        <dd class="value">${up}<span class="muted"> / ${deckies.length}</span></dd>
        <dd class="delta">${plural(o.open_sessions, 'session')} open now</dd>
      </div>
    </dl>`;
  }

  figure(label, { value, previous }, line) {
    const change = previous ? Math.round((100 * (value - previous)) / previous) : null;
    const word = change === null ? (value ? 'none before' : 'none before either') : `${change > 0 ? '+' : ''}${change} % vs before`;
    return html`<div class="card kpi">
      <dt>${label}</dt>
      <dd class="value">${number(value)}</dd>
      <dd class="delta">${word}</dd>
      ${line}
    </div>`;
  }

  chain(o) {
    const steps = [
      [o.sessions.value, 'Connected'],
      [o.credentials.value, 'Tried to log in'],
      [o.accepted.value, 'Logged in'],
      [o.commands.value, 'Ran commands'],
      [o.files.value, 'Left files'],
    ];
    return html`<section class="card" aria-label="How far attackers got">
      <ol class="chain">${steps.map(([count, label]) => html`<li><b>${number(count)}</b><span class="label">${label}</span></li>`)}</ol>
    </section>`;
  }

  chart(o) {
    const quiet = o.series.every((point) => !point.sessions && !point.credentials);
    return html`<section class="card" aria-label="Activity">
      <header>
        <h2>Sessions and credentials</h2>
        <div class="legend" aria-hidden="true">
          <span><svg><rect class="s1" width="14" height="10" rx="2" /></svg>sessions</span>
          <span><svg><rect class="s2" width="14" height="10" rx="2" /></svg>credentials</span>
        </div>
        <div class="end">
          <button class="button small" type="button" aria-pressed=${this.table ? 'true' : 'false'} @click=${() => (this.table = !this.table)}>As table</button>
        </div>
      </header>
      <div class="body">
        ${quiet && !this.table
          ? empty({ title: 'Quiet', text: 'No session was opened in this span of time. Choose a longer one, or touch a decoy to see it move.', command: 'decnetctl selftest', symbol: 'live' })
          : html`<dn-chart .points=${o.series} .table=${this.table} label="Sessions and credentials over time"
              .series=${[{ key: 'sessions', label: 'Sessions' }, { key: 'credentials', label: 'Credentials' }]}
              @range=${(event) => go(href('/', event.detail))}></dn-chart>
            <p class="muted">Drag across the chart to choose a span.</p>`}
      </div>
    </section>`;
  }

  liveFeed() {
    return html`<section class="card" aria-label="Live feed">
      <header>
        <h2>Live</h2>
        <span class="muted">${this.events.length ? html`last ${when(this.events[0].time)}` : nothing}</span>
        <div class="end">
          <button class="button small" type="button" data-key="p" aria-pressed=${this.paused ? 'true' : 'false'} @click=${() => (this.paused = !this.paused)}>
            ${icon(this.paused ? 'play' : 'pause')} ${this.paused ? 'Resume' : 'Pause'}
          </button>
          <a class="button small" href="/live">All events</a>
        </div>
      </header>
      ${this.events.length
        ? feed(this.events, 'Newest events')
        : empty({ title: 'Nothing has happened yet', text: 'As soon as somebody touches a decoy, it shows here within a second. Try it yourself:', command: 'decnetctl selftest', symbol: 'live' })}
      <span class="visually-hidden" role="status">${this.events.some((event) => level(event) === 'high') ? 'There are high severity events in the feed' : ''}</span>
    </section>`;
  }

  tops(o) {
    const top = (title, entries, options) => html`<section class="card" aria-label="Top ${title.toLowerCase()}">
      <header><h2>${title}</h2></header>
      <div class="body">${entries.length ? ranked(entries, options) : html`<p class="muted">None yet.</p>`}</div>
    </section>`;
    const text = { name: (entry) => peer(entry.name, 40) };
    return html`<div class="tops">
      ${top('Decoys', o.deckies, { link: (entry) => href('/sessions', { decky: entry.name }) })}
      ${top('Services', o.services, { link: (entry) => href('/sessions', { service: entry.name }) })}
      ${top('Sources', o.top_sources, { link: (entry) => attackerPath(entry.name) })}
      ${top('User names', o.users, { ...text, link: (entry) => href('/credentials', { user: entry.name }) })}
      ${top('Passwords', o.secrets, { ...text, link: (entry) => href('/credentials', { secret: entry.name }) })}
    </div>`;
  }
}
customElements.define('dn-overview', Overview);
