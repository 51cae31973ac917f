// The state of a connection: what a request's profile makes of it, and what a named session goes back to after a request.
import type { Profile } from './engine.ts';
import type { Session } from './session.ts';
import { bytesOf, engineText, quote, quoteIdentifier } from './text.ts';

/** A quarter of max_query_size, since a character may take four bytes. */
const LONG_SET = 65_536;

export async function currentDatabase(session: Session): Promise<string> {
  const { bytes } = await session.query('SELECT currentDatabase()', 'TabSeparatedRaw');
  return Buffer.from(bytes).toString('latin1').replace(/\n$/, '');
}

export async function changedSettings(session: Session, names: readonly string[]): Promise<Map<string, string>> {
  const { bytes } = await session.query(`SELECT name, value FROM system.settings WHERE changed AND name IN (${names.map(quote).join(', ')})`, 'JSONCompactEachRow');
  const lines = Buffer.from(bytes).toString().split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line) as [string, string]).map(([name, value]) => [name, bytesOf(value)]));
}

/** Values come in by SET, whose text the engine limits like a query's; a server's limit spares parameters. */
export async function bindParameters(session: Session, { parameters, settings }: Profile): Promise<void> {
  if (parameters.size === 0) return;
  const sql = engineText(`SET ${[...parameters].map(([name, value]) => `param_${name} = ${quote(value)}`).join(', ')}`);
  const isLong = sql.length > LONG_SET;
  if (isLong) await session.query(`SET max_query_size = ${sql.length * 4}`);
  await session.query(sql);
  if (isLong) await session.query(`SET max_query_size = ${Number(settings.get('max_query_size')) || 'DEFAULT'}`);
}

/** The engine in process lets `SELECT` be left out; the server does not. `readonly` goes last: it locks the rest. */
export async function prepare(session: Session, profile: Profile): Promise<void> {
  if (profile.database !== undefined) await session.query(engineText(`USE ${quoteIdentifier(profile.database)}`));
  const settings = [...profile.settings].sort(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'));
  if (session.key === '') settings.unshift(['implicit_select', '0']);
  if (settings.length > 0) await session.query(engineText(`SET ${settings.map(([name, value]) => `${name} = ${quote(value)}`).join(', ')}`));
}
