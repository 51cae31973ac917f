// For tests: a process that ends at a step of a flush as kill -9 would end it, so that what is left behind there can be
// looked at. Without FAILPOINT in the environment nothing happens.

export type Failpoint = (step: string) => void;

/** @param name `landed`, `read`, `folded`, `inserted <table>` or `before commit`. */
export const failpointOf = (name: string | undefined): Failpoint => (step) => {
  if (step === name) process.kill(process.pid, 'SIGKILL');
};
