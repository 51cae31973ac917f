# Ends what a supervisor started when the supervisor dies without ending it itself (kill -9, out of
# memory). It reads "+ PID" and "- PID" from the supervisor; the end of input means that the
# supervisor is gone. PIDs are process groups, so that children of children go too. A shell and no
# Node: it needs 1 MB and starts at once. The dash of Debian takes a group only after "-s SIGNAL --".
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids=$(printf '%s' "$pids" | sed "s/ $pid / /") ;;
  esac
done
[ "$pids" = ' ' ] && exit 0
for pid in $pids; do kill -s TERM -- "-$pid" 2>/dev/null; done
tries=0
while [ $tries -lt 25 ]; do
  alive=
  for pid in $pids; do kill -s 0 -- "-$pid" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && exit 0
  sleep 0.2
  tries=$((tries + 1))
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
