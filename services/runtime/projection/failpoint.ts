// For tests: a process that ends or freezes at a step of a flush as kill would do it, so that what is left behind there can be
// looked at. Without FAILPOINT in the environment nothing happens.

export type Failpoint = (step: string) => void;

/**
 * @param wanted a step, and the signal that the process sends itself when it is there, e.g. `folded` or `folded/SIGSTOP`; SIGKILL
 * by default, and when it is there for the first time: `folded#3` is the third. Steps are landed, read, folded, inserted:<table>
 * and before-commit.
 */
export function failpointOf(wanted = ''): Failpoint {
  const [place = '', signal = 'SIGKILL'] = wanted.split('/');
  const [at, time = '1'] = place.split('#');
  let times = 0;
  return (step) => {
    if (step !== at || ++times !== Number(time)) return;
    process.kill(process.pid, signal);
  };
}
