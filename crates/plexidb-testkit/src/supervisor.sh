# Runs one server for as long as its owner holds the other end of standard input, then kills it and removes its folder.
# Arguments: the folder, the signals for a graceful stop and for a quick end, the command line.
# One verb a line comes in, one reply goes out.
# A signal that reaches the whole group of processes must not end this script before the server.
trap '' HUP INT TERM QUIT PIPE
folder=$1
graceful=$2
quick=$3
shift 3
server=

children() {
    if [ -r /proc/self/stat ]; then
        cat /proc/[0-9]*/stat 2>/dev/null | while read -r child _ _ parent _; do
            [ "$parent" = "$1" ] && echo "$child"
        done
    else
        ps -A -o pid= -o ppid= | while read -r child parent; do
            [ "$parent" = "$1" ] && echo "$child"
        done
    fi
}

state() {
    if [ -r /proc/self/stat ]; then
        { read -r _ _ state _ <"/proc/$1/stat" && echo "$state"; } 2>/dev/null
    else
        ps -o stat= -p "$1"
    fi
}

alive() {
    case $(state "$1") in '' | Z* | X*) return 1 ;; esac
}

await_end() {
    tries=0
    while alive "$1" && [ $tries -lt "$2" ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
}

# Stops processes and waits until each has really stopped or ended: the kernel lets a running one finish its system call.
freeze() {
    [ $# -eq 0 ] || kill -STOP "$@"
    for process in "$@"; do
        tries=0
        while [ $tries -lt 400 ]; do
            case $(state "$process") in '' | [TtZX]*) break ;; esac
            sleep 0.01
            tries=$((tries + 1))
        done
    done
}

# The parent is stopped first, so that it cannot start a child that the list of its children does not have.
freeze_all() {
    freeze "$server"
    family=$(children "$server")
    freeze $family
}

kill_all() {
    [ -n "$server" ] || return 0
    freeze_all
    kill -KILL "$server" $family
    wait "$server"
    for child in $family; do await_end "$child" 40; done
    server=
}

# Sends a signal on which the server ends by itself and reaps its children; past the given number of tries it is killed.
end_by() {
    [ -n "$server" ] || return 0
    kill -CONT "$server" $(children "$server")
    kill -"$1" "$server"
    await_end "$server" "$2"
    kill_all
}

while read -r verb; do
    reply=ok
    case $verb in
        start)
            [ -z "$server" ] || kill_all
            "$@" </dev/null >>"$folder/server.log" 2>&1 &
            server=$!
            ;;
        stop) end_by "$graceful" 400 ;;
        kill) kill_all ;;
        pause) [ -z "$server" ] || freeze_all ;;
        resume) [ -z "$server" ] || kill -CONT "$server" $(children "$server") ;;
        alive) { [ -n "$server" ] && alive "$server"; } || reply=dead ;;
        *) reply=unknown ;;
    esac
    echo "$reply"
done

end_by "$quick" 40
tries=0
while ! rm -rf "$folder" && [ $tries -lt 20 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
