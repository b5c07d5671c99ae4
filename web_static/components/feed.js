// Events as they come: a list that can be paused, and never blinks.
import { html, nothing } from '../vendor/lit/index.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { level, sentence } from '../lib/facts.js';
import { href } from '../lib/router.js';
import { when } from '../lib/time.js';
import { severity } from './badge.js';

/** Where an event happened and who did it, each a filter. */
export function subject(event) {
  return html`${event.source ? html`<a href=${href('/sessions', { source: event.source })}>${event.source}</a>` : nothing}
    ${event.source ? '→ ' : ''}${event.decky ? html`<a href=${href('/live', { decky: event.decky })}>${event.decky}</a>` : html`<a href="/decoys">the fleet</a>`}
    ${event.service ? html`<span class="muted">${event.service}</span>` : nothing}`;
}

export function feed(events, label) {
  return html`<ul class="feed" aria-label=${label}>
    ${repeat(events, (event) => event.seq, (event) => html`<li class=${event.fresh ? 'fresh' : ''}>
      ${when(event.time)} ${severity(level(event))}
      <span class="what"><span class="where">${subject(event)}</span>
        ${event.session ? html`<a class="plain" href=${`/sessions/${event.session}`}>${sentence(event, 80)}</a>` : sentence(event, 80)}</span>
    </li>`)}
  </ul>`;
}
