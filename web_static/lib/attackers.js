// Words for what is known of attackers.
import { html } from '../vendor/lit/index.js';
import { plain } from '../components/badge.js';

/** How one acts in time -> tone, word, what it means. */
const BEHAVIOURS = {
  unknown: ['', 'too little to tell', 'fewer than three acts'],
  slow_scan: ['', 'slow scan', 'several services, ten seconds or more apart'],
  scanning: ['medium', 'scanning', 'several services, quickly'],
  brute_force: ['medium', 'brute force', 'one service, quickly and evenly'],
  beaconing: ['high', 'beaconing', 'evenly, five seconds or more apart'],
  interactive: ['high', 'interactive', 'quickly and unevenly, as people do'],
  mixed: ['', 'mixed', 'no rule fits'],
};

export const BEHAVIOUR_NAMES = Object.entries(BEHAVIOURS).map(([name, [, word]]) => [name, word]);

export function behaviour(name) {
  const [tone, word, meaning] = BEHAVIOURS[name] ?? ['', name, ''];
  return html`<span title=${meaning}>${plain(tone, word)}</span>`;
}

export const attackerPath = (address) => `/attackers/${encodeURIComponent(address)}`;
