// A box that leads to the search through everything typed.
import { html } from '../vendor/lit/index.js';
import { go, href, query } from '../lib/router.js';

export function searchBox() {
  const now = query();
  const search = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = String(form.get('text') ?? '');
    if (text) go(href('/sessions/search', { text, shown: form.get('shown') ? 'true' : '' }));
  };
  return html`<form class="filters no-print" role="search" aria-label="Everything typed" @submit=${search}>
    <label>Typed in a session
      <input name="text" .value=${now.text ?? ''} maxlength="64" placeholder="authorized_keys" autocomplete="off" spellcheck="false" />
    </label>
    <label class="choice"><input type="checkbox" name="shown" ?checked=${now.shown === 'true'} /> also what was shown</label>
    <button class="button" type="submit">Search</button>
  </form>`;
}
