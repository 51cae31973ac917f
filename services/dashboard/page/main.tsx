// The frame of all pages: who looks, the pages' names, the filters, and the page itself.
import { render, type ComponentType, type JSX } from 'preact';
import { useEffect, useErrorBoundary, useState } from 'preact/hooks';
import { changed, go, hrefOf, usePlace, withoutDrill } from './address.ts';
import { get, post, Refused } from './api.ts';
import { DeskProvider, useDesk, useFoundDesk } from './desk.ts';
import { AgentsPage } from './pages/agents.tsx';
import { NowPage } from './pages/now.tsx';
import { PipelinePage } from './pages/pipeline.tsx';
import { QueuesPage } from './pages/queues.tsx';
import { SlaPage } from './pages/sla.tsx';
import { TicketPage } from './pages/ticket.tsx';
import { Drilled } from './parts/drill.tsx';
import { Filters } from './parts/filters.tsx';
import { Login } from './parts/login.tsx';
import { Trouble } from './parts/panel.tsx';
import { language, t, type TextKey } from './texts/text.ts';

interface Me {
  readonly login: boolean;
  readonly user: string | null;
  readonly sees_names: boolean;
  readonly is_operator: boolean;
}

interface Page {
  readonly name: string;
  readonly title: TextKey;
  readonly hasRange: boolean;
  readonly Shown: ComponentType;
}

const pages: readonly Page[] = [
  { name: 'now', title: 'page_now', hasRange: false, Shown: NowPage },
  { name: 'queues', title: 'page_queues', hasRange: true, Shown: QueuesPage },
  { name: 'sla', title: 'page_sla', hasRange: true, Shown: SlaPage },
  { name: 'agents', title: 'page_agents', hasRange: true, Shown: AgentsPage },
  { name: 'ticket', title: 'page_ticket', hasRange: false, Shown: TicketPage },
  { name: 'pipeline', title: 'page_pipeline', hasRange: false, Shown: PipelinePage },
];

function switchTheme(): void {
  const { dataset } = document.documentElement;
  const isDark = dataset['theme'] === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset['theme'] === 'dark';
  dataset['theme'] = isDark ? 'light' : 'dark';
  localStorage.setItem('theme', dataset['theme']);
}

function enterWall(): void {
  go({ wall: '1' }, { page: 'now' });
  void document.documentElement.requestFullscreen().catch(() => undefined);
}

function leaveWall(): void {
  go({ wall: null });
  if (document.fullscreenElement !== null) void document.exitFullscreen();
}

function Top({ me, current }: { readonly me: Me; readonly current: string }): JSX.Element {
  const { query } = usePlace();
  const desk = useDesk();
  const kept = changed(query, { ...withoutDrill(query), wall: null, ticket: null });
  const follow = (event: MouseEvent, page: string): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go({ ...withoutDrill(query), wall: null, ticket: null }, { page });
  };
  return (
    <header class="top">
      <a class="skip" href="#content">{t('skip')}</a>
      <nav aria-label={t('pages')}>
        {pages.map(({ name, title }) => <a key={name} href={hrefOf(name, kept)} aria-current={name === current ? 'page' : undefined} onClick={(event) => follow(event, name)}>{t(title)}</a>)}
      </nav>
      <span class="note zone">{t('times_in', { zone: desk.zone })}</span>
      <button type="button" onClick={enterWall}>{t('wall')}</button>
      <button type="button" onClick={switchTheme} aria-label={t('theme')} title={t('theme')}>◐</button>
      {me.login && <button type="button" onClick={() => void post('/api/logout', {}).then(() => location.reload())}>{t('log_out', { user: me.user ?? '' })}</button>}
    </header>
  );
}

/** A page that can't be drawn says so; the others can still be reached. */
function Guarded({ Shown }: Pick<Page, 'Shown'>): JSX.Element {
  const [error] = useErrorBoundary() as [unknown, () => void];
  return error === undefined ? <Shown /> : <Trouble error={new Refused(0, 'failed', error instanceof Error ? error.message : '')} />;
}

/** Told the same of a tenant that isn't there and of one that isn't theirs. */
function Foreign({ tenant, others }: { readonly tenant: string; readonly others: readonly string[] }): JSX.Element {
  return (
    <div class="state quiet" role="status">
      <strong>{t('no_such_tenant', { tenant })}</strong>
      <span>{t('no_such_tenant_why')}</span>
      <div class="choices">{others.map((other) => <button key={other} type="button" onClick={() => go({ tenant: other })}><bdi>{other}</bdi></button>)}</div>
    </div>
  );
}

function Shell({ me }: { readonly me: Me }): JSX.Element {
  const { page, query } = usePlace();
  const { desk, error, isEmpty, isForeign } = useFoundDesk(me.is_operator);
  const current = pages.find(({ name }) => name === page) ?? pages[0];
  const title = current === undefined ? '' : t(current.title);
  useEffect(() => {
    document.title = `${title} · Ticketstream`;
  }, [title]);
  if (error !== null && desk === null) return <main class="alone"><Trouble error={error} /></main>;
  if (isEmpty) return <main class="alone"><div class="state quiet"><strong>{t('no_tenants')}</strong><span>{t('no_tenants_why')}</span></div></main>;
  if (desk === null || current === undefined) return <main class="alone"><div class="state quiet" aria-busy="true">{t('loading')}</div></main>;
  const isWall = query.has('wall');
  return (
    <DeskProvider value={desk}>
      {isWall ? <button type="button" class="leave" onClick={leaveWall}>{t('leave_wall')}</button> : <><Top me={me} current={current.name} /><Filters hasRange={current.hasRange} /></>}
      <main id="content" class={isWall ? 'walled' : ''}>
        <h1 class="hidden">{title}</h1>
        {isForeign ? <Foreign tenant={desk.tenant} others={desk.tenants} /> : <Guarded key={`${current.name} ${desk.tenant}`} Shown={current.Shown} />}
      </main>
      <Drilled />
    </DeskProvider>
  );
}

function App(): JSX.Element {
  const [me, setMe] = useState<Me | null>(null);
  const [error, setError] = useState<Refused | null>(null);
  useEffect(() => {
    get('/api/me').then((found) => setMe(found as Me), (failed: unknown) => setError(failed instanceof Refused ? failed : new Refused(0, 'failed', String(failed))));
  }, []);
  if (error !== null) return <main class="alone"><Trouble error={error} /></main>;
  if (me === null) return <main class="alone"><div class="state quiet" aria-busy="true">{t('loading')}</div></main>;
  return me.login && me.user === null ? <Login /> : <Shell me={me} />;
}

const theme = localStorage.getItem('theme');
if (theme !== null) document.documentElement.dataset['theme'] = theme;
document.documentElement.lang = language;
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
