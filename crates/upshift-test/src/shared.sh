# Ends a shared server when nobody has used it for a while.
# Arguments: the server's folder, the seconds to wait for somebody new, and the same after a test that failed.
# Standard output is the pipe that keeps the server running (process.sh); standard error takes the answer.
#
# "Used" is the open FIFO `hold`: every program that uses the server has it open for writing, and says a word when it
# comes: `here`, or `keep` for a longer wait. However they end, kill -9 included, the system closes it, and `cat` returns.

trap '' HUP INT TERM

short=$2 long=$3
cd "$1" || exit 1
mkfifo -m 600 hold || exit 1
# Reading and writing never waits; with a writer there, neither does reading; then the writer is us no more.
exec 4<>hold 3<hold 4>&-
: >open
echo ready >&2
exec 2>/dev/null

left=$short
while [ "$left" -gt 0 ]; do
    sleep 1
    left=$((left - 1))
    said=$(cat <&3)
    case $said in
        *keep*) left=$long ;;
        ?*) [ "$left" -ge "$short" ] || left=$short ;;
    esac
done

# Who has come in this moment and still found `open` may stay; who comes later goes elsewhere.
rm -f open
cat <&3 >/dev/null
