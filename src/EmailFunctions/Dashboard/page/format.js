// How figures are written, and elements made. Text is only ever set as text, never as markup.

const numbers = new Intl.NumberFormat('en-GB');
const times = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

export const none = '–';
export const number = (value) => value === null || value === undefined ? none : numbers.format(value);
export const percent = (value) => value === null || value === undefined ? none : `${value.toFixed(value === 100 ? 0 : 2)} %`;
export const milliseconds = (value) => value === null || value === undefined ? none : value < 1000 ? `${value} ms` : `${(value / 1000).toFixed(value < 10000 ? 2 : 1)} s`;
export const usd = (value) => value === null || value === undefined ? none : `$${value.toFixed(value === 0 ? 2 : value < 0.01 ? 6 : value < 1 ? 4 : 2)}`;
export const time = (text) => times.format(new Date(text));
export const date = (text) => dates.format(new Date(text));

/** An element with a class, attributes and children, which may be texts. */
export function element(name, { className, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Fills a table. A column has a title, and says of a row what its cell holds; the first is the row's head. What is shown already stays where it
 * is, so that whoever reads or has the focus in a table is not thrown out of it by the next figures.
 */
export function fill(table, caption, columns, rows, { empty, classOf } = {}) {
  const head = element('thead', {}, element('tr', {}, ...columns.map((column) => element('th', { scope: 'col', className: column.className }, column.title))));
  const body = element('tbody', {}, ...rows.map((row) => element('tr', { className: classOf?.(row) }, ...columns.map((column, index) =>
    index === 0 ? element('th', { scope: 'row', className: column.className }, column.of(row)) : element('td', { className: column.className }, column.of(row))))));
  if (rows.length === 0) body.append(element('tr', {}, element('td', { colspan: columns.length, className: 'wrap' }, empty ?? 'Nothing.')));
  const made = [element('caption', {}, caption), head, body];
  if (made.map((part) => part.outerHTML).join('') === table.innerHTML) return;
  const focused = table.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  table.replaceChildren(...made);
  if (focused) table.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
