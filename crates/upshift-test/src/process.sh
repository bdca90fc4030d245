# One life of the server: starts it, passes signals on, ends with it.
# Arguments: the log file, then the server's command line. Answers with the server's process id.
# Standard input brings one signal name per line; its end means that the program that started us is gone.
# Standard error is the pipe that keeps the server's folder from being removed while we live (folder.sh).

# Ctrl-C in a terminal must not reach the server before the program under test.
trap '' HUP INT

log=$1
shift
exec 3<&0

"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo "$server"

{
    while read -r signal <&3; do
        kill -"$signal" "$server"
    done
    kill -QUIT "$server"
} &
reader=$!

wait "$server"
status=$?
kill -KILL "$reader" 2>/dev/null
exit "$status"
