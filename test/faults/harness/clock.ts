// Loaded before a service: its clock is wrong by CLOCK_SHIFT_SECONDS, as that of a machine whose time nobody keeps.
const shiftMs = Number(process.env['CLOCK_SHIFT_SECONDS'] ?? '0') * 1_000;

globalThis.Date = new Proxy(Date, {
  construct: (RealDate, values: [] | [number]) => (values.length === 0 ? new RealDate(RealDate.now() + shiftMs) : new RealDate(...values)),
  get: (RealDate, name) => (name === 'now' ? () => RealDate.now() + shiftMs : (Reflect.get(RealDate, name) as unknown)),
});
