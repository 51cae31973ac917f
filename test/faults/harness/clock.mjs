// Loaded before a service: its clock is wrong by CLOCK_SHIFT_SECONDS, as that of a machine whose time nobody keeps.
const shiftMs = Number(process.env.CLOCK_SHIFT_SECONDS ?? '0') * 1_000;
const RealDate = Date;

if (shiftMs !== 0) {
  globalThis.Date = class Date extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(RealDate.now() + shiftMs);
      else super(...args);
    }

    static now() {
      return RealDate.now() + shiftMs;
    }
  };
}
