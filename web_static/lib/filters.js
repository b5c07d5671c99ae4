// A filter bar whose state is the address: a link to a view is a link to a query.
import { html, nothing } from '../vendor/lit/index.js';
import { go, href, query } from './router.js';

/** fields: [{name, label, options?: [[value, text]], any?: text of no choice, placeholder?}] */
export function filters(fields) {
  const now = query();
  const apply = (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries(new FormData(event.currentTarget).entries());
    go(href(location.pathname, { ...now, ...wanted, cursor: '' }), { replace: true });
  };
  const set = fields.some((field) => now[field.name]);
  return html`<form class="filters no-print" @submit=${apply} @change=${(event) => event.target.tagName === 'SELECT' && event.currentTarget.requestSubmit()}>
    ${fields.map((field) => html`<label>${field.label}
      ${field.options
        ? html`<select name=${field.name}>
            <option value="">${field.any ?? 'any'}</option>
            ${field.options.map(([value, text]) => html`<option value=${value} ?selected=${now[field.name] === value}>${text}</option>`)}
          </select>`
        : html`<input name=${field.name} .value=${now[field.name] ?? ''} placeholder=${field.placeholder ?? ''} autocomplete="off" spellcheck="false" />`}
    </label>`)}
    <button class="button" type="submit">Apply</button>
    ${set ? html`<a class="button quiet" href=${location.pathname}>Clear</a>` : nothing}
  </form>`;
}

/** Only the part of the address that the fields own. */
export function chosen(fields, from = query()) {
  return Object.fromEntries(fields.map((field) => [field.name, from[field.name]]).filter(([, value]) => value));
}
