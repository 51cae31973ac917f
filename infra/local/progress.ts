// What the stack tells while it works, as events, and two ways to show them: one line that redraws
// itself on a terminal, plain lines elsewhere (a log of redrawn lines is unreadable).

export interface ProgressEvent {
  /** "Kafka 4.3.1", "ingress": what the event is about. */
  title: string;
  /** "downloading", "starting": what is being done to it. */
  doing: string;
  state: 'begin' | 'update' | 'done' | 'failed' | 'note';
  elapsedMs: number;
  detail?: string;
}

export type OnProgress = (event: ProgressEvent) => void;

/** Times one piece of work and tells how it goes. */
export async function tracked<T>(
  onProgress: OnProgress,
  what: { title: string; doing: string; measure?: () => Promise<string | undefined> },
  work: () => Promise<T>,
): Promise<T> {
  const { title, doing, measure } = what;
  const begun = Date.now();
  const tell = (state: ProgressEvent['state'], detail?: string): void =>
    onProgress({ title, doing, state, elapsedMs: Date.now() - begun, ...(detail === undefined ? {} : { detail }) });
  let running = true;
  tell('begin');
  const timer = setInterval(() => {
    const measured = measure?.().catch(() => undefined) ?? Promise.resolve(undefined);
    void measured.then((detail) => {
      if (running) tell('update', detail);
    });
  }, 500);
  try {
    const result = await work();
    running = false;
    tell('done');
    return result;
  } catch (error) {
    running = false;
    tell('failed');
    throw error;
  } finally {
    clearInterval(timer);
  }
}

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Prints events for a person. */
export function progressPrinter(screen: Screen): OnProgress {
  return screen.isTTY === true ? redrawnLine(screen) : plainLines(screen);
}

const seconds = (elapsedMs: number): string => `${(elapsedMs / 1000).toFixed(1)} s`;

function describe(event: ProgressEvent): string {
  const detail = event.detail === undefined ? '' : `, ${event.detail}`;
  switch (event.state) {
    case 'begin':
      return `  ${event.title}: ${event.doing}…`;
    case 'update':
      return `  ${event.title}: ${event.doing}, ${seconds(event.elapsedMs)}${detail}`;
    case 'done':
      return `✓ ${event.title}: ${event.doing} took ${seconds(event.elapsedMs)}${detail}`;
    case 'failed':
      return `✗ ${event.title}: ${event.doing} failed after ${seconds(event.elapsedMs)}${detail}`;
    case 'note':
      return `  ${event.title}: ${event.doing}${detail}`;
  }
}

function plainLines(screen: Screen): OnProgress {
  const updateEveryMs = 10_000;
  const lastTold = new Map<string, number>();
  return (event) => {
    const key = event.title + event.doing;
    if (event.state === 'begin') lastTold.set(key, 0);
    if (event.state === 'update') {
      if (event.elapsedMs - (lastTold.get(key) ?? 0) < updateEveryMs) return;
      lastTold.set(key, event.elapsedMs);
    }
    screen.write(`${describe(event)}\n`);
  };
}

function redrawnLine(screen: Screen): OnProgress {
  const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
  const running = new Map<string, ProgressEvent>();
  let frame = 0;
  const clear = '\r\u001b[K';
  const draw = (): void => {
    if (running.size === 0) return;
    frame = (frame + 1) % frames.length;
    const all = [...running.values()].map((event) => describe(event).trim()).join(' · ');
    // Some terminals say 0 columns when they mean that they don't know.
    const columns = screen.columns === undefined || screen.columns < 20 ? 100 : screen.columns;
    screen.write(`${clear}${frames.charAt(frame)} ${all.slice(0, columns - 3)}`);
  };
  return (event) => {
    const key = event.title + event.doing;
    if (event.state === 'begin' || event.state === 'update') {
      if (event.state === 'update' && !running.has(key)) return;
      running.set(key, event);
    } else {
      running.delete(key);
      screen.write(`${clear}${describe(event)}\n`);
    }
    draw();
  };
}
