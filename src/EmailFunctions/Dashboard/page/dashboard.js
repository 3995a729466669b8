// The status page: asks the service's own endpoints again and again, and shows what they say.

import { Refused, get, getText, isSignedIn, post, signIn, signOut } from './api.js';
import { date, element, fill, milliseconds, none, number, percent, time, usd } from './format.js';
import { comeBack, findWay, leave } from './signin.js';
import { draw } from './traffic.js';

const admin = '/api/v1/admin/email';
const interval = 10_000;
const $ = (id) => document.getElementById(id);

// Of the last answers, for what is looked at again without asking; and which part of a name the tenants were asked for by.
let overview = null;
let listed = '';
let timer = null;
let running = null;

// Targets as operators report on them.
const targets = { success: 99.5, p99: 2_000, cost: 0.0002, hits: 90 };

/** What this instance's cache answered by itself, in percent; null before it was asked. */
function cacheHits(metrics) {
  const of = (name) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(metrics)?.[1] ?? 0);
  const [hits, misses] = [of('email_config_cache_hits_total'), of('email_config_cache_misses_total')];
  return hits + misses === 0 ? null : 100 * hits / (hits + misses);
}

function kpi(title, value, target, isMet) {
  const state = isMet === null ? ['', ''] : isMet ? ['good', 'met'] : ['bad', 'missed'];
  return element('div', {},
    element('dt', {}, title),
    element('dd', { className: `value ${state[0]}` }, value),
    target === null ? null : element('dd', { className: 'target' }, `target ${target}${state[1] ? `: ${state[1]}` : ''}`));
}

function showKpis(metrics) {
  const total = overview.total;
  const hits = metrics === null ? null : cacheHits(metrics);
  const judged = (value, test) => value === null ? null : test(value);
  $('kpis').replaceChildren(
    kpi('Success rate', percent(total.success_rate), `> ${targets.success} %`, judged(total.success_rate, (rate) => rate > targets.success)),
    kpi('P99 of deliveries', milliseconds(total.p99_ms), `< ${milliseconds(targets.p99)}`, judged(total.p99_ms, (p99) => p99 < targets.p99)),
    kpi('Average cost of a mail', usd(total.average_cost_per_email), `< ${usd(targets.cost)}`, judged(total.average_cost_per_email, (cost) => cost < targets.cost)),
    kpi('Configurations from cache', percent(hits), `> ${targets.hits} %`, judged(hits, (rate) => rate > targets.hits)),
    kpi('Tenants with a provider of their own', percent(overview.configured_share), null, null),
    kpi('Sent', number(total.sent), null, null),
    kpi('Failed', number(total.failed), null, null),
    kpi('Delayed by a limit', number(total.delayed), null, null),
    kpi('Cost', usd(total.cost_usd), null, null));
}

const figureColumns = (figures) => [
  { title: 'Sent', className: 'number', of: (row) => number(figures(row).sent) },
  { title: 'Failed', className: 'number', of: (row) => number(figures(row).failed) },
  { title: 'Delayed', className: 'number', of: (row) => number(figures(row).delayed) },
  { title: 'Cost', className: 'number', of: (row) => usd(figures(row).cost_usd) },
  { title: 'P50', className: 'number', of: (row) => milliseconds(figures(row).p50_ms) },
  { title: 'P95', className: 'number', of: (row) => milliseconds(figures(row).p95_ms) },
  { title: 'P99', className: 'number', of: (row) => milliseconds(figures(row).p99_ms) },
];

function showTraffic() {
  draw($('traffic'), overview.series);
  fill($('hours'), 'Messages by hour', [{ title: 'From', of: (hour) => time(hour.hour_start).slice(0, 5) }, ...figureColumns((hour) => hour.figures)], overview.series);
}

const part = () => $('filter').value.trim().toLowerCase();

function showTenants() {
  const wanted = part();
  // The service lists those with the most mail; until it has answered for this part, what is here is looked through.
  const isListed = wanted === listed;
  const rows = overview.tenants.filter((tenant) => isListed || tenant.tenant_id.toLowerCase().includes(wanted)).flatMap((tenant) => [
    { name: tenant.tenant_id, figures: tenant.figures },
    ...tenant.providers.map((provider) => ({ name: provider.provider, figures: provider.figures, isPart: true })),
  ]);
  const caption = `${number(overview.tenants_active)} tenants had mail; those with the most first`;
  fill($('tenants'), caption, [{ title: 'Tenant, provider', of: (row) => row.name }, ...figureColumns((row) => row.figures)], rows,
    { empty: !isListed ? 'Looking …' : wanted ? 'No tenant with this in its name had mail.' : 'No mail within the last 24 hours.', classOf: (row) => row.isPart ? 'part' : undefined });
}

function showQueues(queue) {
  const rows = queue.queues.map((state) => ({ name: state.queue_name, count: state.messages === null ? state.unknown_because : `${state.exact ? '' : 'about '}${number(state.messages)}` }));
  rows.push({ name: 'dead letters', count: `${number(queue.dead_letters.count)}${queue.dead_letters.complete ? '' : ' or more'}` });
  fill($('queues'), 'Messages on them', [{ title: 'Queue', of: (row) => row.name }, { title: 'Messages', className: 'wrap', of: (row) => row.count }], rows);
}

function showHealth() {
  const stopped = new Map(breakers.breakers.map((breaker) => [`${breaker.tenant_id} ${breaker.provider}`, breaker]));
  const rows = (health?.checks ?? []).map((check) => ({ ...check, breaker: stopped.get(`${check.tenant_id} ${check.provider}`) }));
  // Whoever sends by the system's provider has no check, and may be stopped all the same.
  const checked = new Set(rows.map((row) => `${row.tenant_id} ${row.provider}`));
  rows.push(...breakers.breakers.filter((breaker) => !checked.has(`${breaker.tenant_id} ${breaker.provider}`))
    .map((breaker) => ({ tenant_id: breaker.tenant_id, provider: breaker.provider, status: 'not probed', healthy: true, breaker })));
  rows.sort((a, b) => Number(a.healthy && !a.breaker) - Number(b.healthy && !b.breaker) || a.tenant_id.localeCompare(b.tenant_id));
  const caption = health === null ? 'Asking …' : `${number(health.healthy_count)} of ${number(health.total_checks)} healthy${health.partial ? `; ${number(health.not_checked)} not asked in time` : ''}`;
  fill($('health'), caption, [
    { title: 'Tenant', of: (row) => row.tenant_id },
    { title: 'Provider', of: (row) => row.provider },
    { title: 'State', of: (row) => element('span', { className: row.healthy ? 'good' : 'bad' }, row.status) },
    { title: 'Breaker', of: (row) => row.breaker ? element('span', { className: 'warn' }, row.breaker.until ? `${row.breaker.state} until ${time(row.breaker.until)}` : row.breaker.state) : 'closed' },
    { title: 'Says', className: 'wrap', of: (row) => row.error ?? none },
  ], rows.slice(0, 200), { empty: health === null ? 'Providers are being asked.' : 'No tenant has a provider of its own.' });
}

function usage(state, write) {
  if (!state) return none;
  const label = `${write(state.used)} of ${write(state.limit)}, ${percent(state.percent)}`;
  return element('span', {}, element('meter', { min: 0, max: 100, low: 80, high: 99.99, optimum: 0, value: Math.min(100, state.percent), 'aria-label': label }), ` ${label}`);
}

function showBudgets(list) {
  const rows = [...list.budgets].sort((a, b) => most(b) - most(a));
  fill($('budgets'), `Nearest to their end first${list.has_more ? '; of the first tenants by name' : ''}`, [
    { title: 'Tenant', of: (row) => row.tenant_id },
    { title: 'Today', of: (row) => usage(row.daily_quota, number) },
    { title: 'This month', of: (row) => usage(row.monthly_budget_usd, usd) },
    { title: 'Waiting', of: (row) => row.in_line === 0 ? none : `${number(row.in_line)} for ${row.waits_for}` },
  ], rows, { empty: 'No tenant has a quota or a budget.' });
}

const most = (budget) => Math.max(budget.daily_quota?.percent ?? 0, budget.monthly_budget_usd?.percent ?? 0);

function showDead(list) {
  fill($('dead'), `${list.has_more ? 'The first ones of each tenant' : 'All'}, oldest first`, [
    { title: 'Message', className: 'id', of: (row) => row.message_id },
    { title: 'Since', of: (row) => date(row.dead_since) },
    { title: 'Attempts', className: 'number', of: (row) => number(row.attempts) },
    { title: 'Failure', of: (row) => row.error_category ?? row.reason ?? none },
    { title: 'Provider', of: (row) => row.provider ?? none },
    { title: 'Answer', className: 'wrap', of: (row) => row.provider_answer ?? none },
    {
      title: 'Do',
      of: (row) => element('span', {},
        element('button', { type: 'button', 'data-key': `replay ${row.message_id}`, 'aria-label': `Replay ${row.message_id}`, onclick: (event) => replay(row.message_id, event.currentTarget) }, 'Replay'),
        element('button', { type: 'button', className: 'quiet', 'data-key': `find ${row.message_id}`, 'aria-label': `Show ${row.message_id}`, onclick: () => find(row.message_id) }, 'Show')),
    },
  ], list.dead_letters, { empty: 'No message was given up.' });
}

async function replay(id, button) {
  button.disabled = true;
  try {
    const answer = await post(`${admin}/dead-letters/${encodeURIComponent(id)}/replay`, {});
    $('dead-status').textContent = `${answer.message_id} is queued again.`;
    await refreshAll();
  } catch (error) {
    $('dead-status').textContent = `${id} was not queued: ${error.message}`;
    button.disabled = false;
  }
}

const facts = (pairs) => element('dl', { className: 'facts' }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
  .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));

async function find(id, tenant) {
  $('message').value = id;
  const query = tenant ? `?tenant_id=${encodeURIComponent(tenant)}` : '';
  try {
    const message = await get(`/api/v1/email/messages/${encodeURIComponent(id)}${query}`);
    $('found').replaceChildren(
      facts([
        ['Message', message.message_id], ['Status', message.status], ['Reason', message.reason], ['Limit', message.limit],
        ['Place in line', message.position === null || message.position === undefined ? null : number(message.position + 1)],
        ['Next attempt', message.next_attempt_at && date(message.next_attempt_at)], ['Attempts', number(message.attempts)], ['Provider', message.provider],
        ['Answer', message.provider_answer], ['Failure', message.error_category], ['Recipients', number(message.recipient_count)], ['Trace', message.trace_id],
      ]),
      element('h3', {}, 'History'),
      element('ol', { className: 'history' }, ...message.history.map((line) => element('li', {},
        [date(line.at), line.status, line.provider, line.error_category, line.limit && `limit ${line.limit}`, line.answer].filter(Boolean).join(' · ')))));
  } catch (error) {
    $('found').replaceChildren(element('p', { className: 'bad' }, error.message));
  }
  $('found').scrollIntoView({ block: 'nearest' });
}

async function test(event) {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  $('tested').replaceChildren(element('p', {}, 'Sending …'));
  try {
    const answer = await post(`/api/v1/email/configs/${encodeURIComponent($('test-tenant').value.trim())}/test`, { to: $('test-to').value.trim(), use_tenant_config: $('test-own').checked });
    $('tested').replaceChildren(
      element('p', { className: answer.success ? 'good' : 'bad' }, answer.success ? 'Sent.' : 'Not sent.'),
      facts([['Provider', answer.provider], ['Took', milliseconds(answer.duration_ms)], ['Message', answer.message_id], ['Failure', answer.error_code], ['Answer', answer.error]]));
  } catch (error) {
    $('tested').replaceChildren(element('p', { className: 'bad' }, error.message));
  } finally {
    button.disabled = false;
  }
}

function showProblem(text) {
  $('problem').hidden = !text;
  // The same once more would be read out once more.
  if ($('problem').textContent !== (text ?? '')) $('problem').textContent = text ?? '';
}

// What could not be had, by its name, and why; all else is shown.
const troubles = new Map();

/** An answer, or null where there is none; only being refused ends the whole. */
async function ask(name, question) {
  try {
    const answer = await question();
    troubles.delete(name);
    return answer;
  } catch (error) {
    if (error instanceof Refused) throw error;
    troubles.set(name, error.message);
    return null;
  }
}

function showTroubles() {
  const namesOf = (text) => [...troubles].filter(([, other]) => other === text).map(([name]) => name).join(', ');
  showProblem([...new Set(troubles.values())].map((text) => `${namesOf(text)}: ${text}`).join(' '));
}

function showSignIn(text) {
  clearTimeout(timer);
  const was = $('signin').hidden;
  $('figures').hidden = true;
  $('signin').hidden = false;
  $('signout').hidden = true;
  $('asof').textContent = '';
  showProblem(text);
  if (was) $('token').focus();
  offerIssuer();
}

let way = null;
let asked = null;
let unreachable = null;

/** Where there is an issuer, it can be signed in at; if it can't be told now, it is asked again. */
async function offerIssuer() {
  clearTimeout(asked);
  try {
    way ??= await findWay();
    $('issuer').hidden = way === null;
    $('issuer').textContent = way === null ? '' : `Sign in at ${new URL(way.authorization_endpoint).host}`;
    if (unreachable !== null && $('problem').textContent === unreachable) showProblem('');
  } catch (error) {
    unreachable = error.message;
    showProblem(unreachable);
    asked = setTimeout(() => $('signin').hidden || offerIssuer(), 5_000);
  }
}

// What costs the service many reads, or waits for providers, is asked once a minute, or when somebody wants it now.
const seldom = {
  'Quotas and budgets': { show: showBudgets, question: () => get(`${admin}/budgets?limit=200`) },
  'Dead letters': { show: showDead, question: () => get(`${admin}/dead-letters?limit=50`) },
};
let kept = {};
let keptUntil = 0;
let breakers = { breakers: [] };
let health = null;
let asking = null;
let session = 0;

async function askSeldom() {
  if (Date.now() < keptUntil) return;
  const mine = session;
  // Each by itself, and what was known before stays where one fails.
  const answers = await Promise.all(Object.entries(seldom).map(async ([name, { question }]) => [name, await ask(name, question)]));
  if (mine !== session) return;
  Object.assign(kept, Object.fromEntries(answers.filter(([, answer]) => answer !== null)));
  keptUntil = Date.now() + 60_000;
  // Providers that hang must not keep the figures back.
  asking ??= ask('Providers’ health', () => get(`${admin}/health`))
    .then((answer) => {
      if (mine !== session) return;
      health = answer ?? health;
      showHealth();
      showTroubles();
    })
    .catch((error) => { if (mine === session) showSignIn(error.message); })
    .finally(() => { asking = null; });
}

async function show() {
  const mine = session;
  const wanted = part();
  const [figures, queue, stopped, metrics] = await Promise.all([
    ask('Mail', () => get(`${admin}/overview${wanted ? `?tenant=${encodeURIComponent(wanted)}` : ''}`)),
    ask('Queues', () => get(`${admin}/queue`)),
    ask('Breakers', () => get(`${admin}/breakers`)),
    getText('/metrics').catch(() => null),
    askSeldom(),
  ]);
  // Who has signed out meanwhile is not shown what came for them.
  if (mine !== session) return;
  showTroubles();
  // Not a single answer: there is nothing to show yet, and who signs in is not in.
  if ([figures, queue, stopped, ...Object.values(kept)].every((answer) => answer === null)) return;
  if (figures !== null) [overview, listed] = [figures, wanted];
  breakers = stopped ?? breakers;
  $('signin').hidden = true;
  $('figures').hidden = false;
  $('signout').hidden = !isSignedIn();
  if (overview !== null) {
    showKpis(metrics);
    showTraffic();
    showTenants();
    $('asof').textContent = overview.rolled_up_at ? `Mail counted until ${time(overview.rolled_up_at)}` : 'No mail counted yet';
  }
  if (queue !== null) showQueues(queue);
  showHealth();
  for (const [name, answer] of Object.entries(kept)) seldom[name].show(answer);
}

/** One at a time: who asks while one is under way gets its end. */
function refresh() {
  running ??= show()
    .catch((error) => error instanceof Refused ? showSignIn(error.message) : showProblem(error.message))
    .finally(() => {
      running = null;
      clearTimeout(timer);
      if ($('live').checked && $('signin').hidden && !document.hidden) timer = setTimeout(refresh, interval);
    });
  return running;
}

/** The same, and nothing that is kept counts. What is under way may have been asked before. */
async function refreshAll() {
  await running;
  keptUntil = 0;
  await refresh();
}

$('refresh').addEventListener('click', refreshAll);
$('live').addEventListener('change', refresh);
// Whoever types is not asked for at each letter.
let typing = null;
$('filter').addEventListener('input', () => {
  if (overview) showTenants();
  clearTimeout(typing);
  typing = setTimeout(async () => { await running; await refresh(); }, 300);
});
$('find-form').addEventListener('submit', (event) => { event.preventDefault(); find($('message').value.trim(), $('message-tenant').value.trim()); });
$('test-form').addEventListener('submit', test);
$('signout').addEventListener('click', () => { signOut(); session++; kept = {}; health = null; overview = null; troubles.clear(); showSignIn(''); });
$('signin-form').addEventListener('submit', (event) => {
  event.preventDefault();
  signIn($('token').value);
  $('token').value = '';
  refreshAll();
});
// Whoever does not look need not be told.
document.addEventListener('visibilitychange', () => document.hidden ? clearTimeout(timer) : refresh());
$('issuer').addEventListener('click', () => leave(way).catch((error) => showProblem(error.message)));
comeBack().then((token) => { if (token !== null) signIn(token); return refresh(); }).catch((error) => showSignIn(error.message));
