# Ends what a supervisor started when the supervisor dies without ending it itself (kill -9, out of
# memory). It reads "+ ORDER:PID" and "- ORDER:PID" from the supervisor; the end of input means that
# the supervisor is gone. Lower orders end first: a consumer that can't say goodbye to Kafka keeps its
# partitions from its successor for a session timeout. PIDs are process groups, so that children of
# children go too. A shell and no Node: it needs 1 MB and starts at once. (The dash of Debian takes a
# group only after "-s SIGNAL --".)
running=' '
while read -r sign entry; do
  case $sign in
    +) running="$running$entry " ;;
    -) running=$(printf '%s' "$running" | sed "s/ $entry / /") ;;
  esac
done

# A dead leader whose exit status nobody has read yet (first processes of containers are slow at that,
# or never do it) still takes signals.
is_alive() {
  kill -s 0 -- "-$1" 2>/dev/null || return 1
  case $(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) in Z | X) return 1 ;; esac
}

end_order() {
  pids=$(printf '%s\n' $running | sed -n "s/^$1://p")
  for pid in $pids; do
    kill -s TERM -- "-$pid" 2>/dev/null
    kill -s CONT -- "-$pid" 2>/dev/null
  done
  tries=0
  while [ $tries -lt 15 ]; do
    alive=
    for pid in $pids; do is_alive "$pid" && alive=yes; done
    [ -z "$alive" ] && return
    sleep 0.2
    tries=$((tries + 1))
  done
  for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
}

for order in $(printf '%s\n' $running | sed -n 's/:.*//p' | sort -n -u); do end_order "$order"; done
