// For tests: a process that ends or freezes at a step of a flush as kill would do it, so that what is left behind there can be
// looked at. Without FAILPOINT in the environment nothing happens.

export type Failpoint = (step: string) => void;

/**
 * @param wanted a step, and the signal that the process sends itself when it is there for the first time, e.g. `folded` or
 * `folded/SIGSTOP`; SIGKILL by default. Steps are landed, read, folded, inserted:<table> and before-commit.
 */
export function failpointOf(wanted = ''): Failpoint {
  const [at, signal = 'SIGKILL'] = wanted.split('/');
  let done = false;
  return (step) => {
    if (done || step !== at) return;
    done = true;
    process.kill(process.pid, signal);
  };
}
