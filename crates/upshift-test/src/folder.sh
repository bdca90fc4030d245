# Owns the folder of one server: makes it, waits until nobody needs it any more, removes it.
# Arguments: the folders to make it in, the best first. Answers with the folder's path, or with nothing.
#
# "Needed" is an open pipe: the program that started us holds its other end, and so does every process that
# works in the folder. However they end, kill -9 included, the system closes the pipe and `cat` returns.

# Ctrl-C in a terminal and its closing reach everybody at once; we have to outlive the others.
trap '' HUP INT TERM

folder=
for base in "$@"; do
    folder=$(mktemp -d "$base/upshift-XXXXXX" 2>/dev/null) && break
done
[ -n "$folder" ] || exit 1
echo "$folder"

cat >/dev/null
rm -rf -- "$folder"
