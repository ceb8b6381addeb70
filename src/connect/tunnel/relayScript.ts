/**
 * What runs on the relay: a POSIX shell script that keeps one registration there, as it is told by lines on its stdin.
 *
 * The script itself comes over stdin, too. So nothing of an instance's is ever part of a command line: a name or a path
 * is a line that `read -r` takes as it is. Each answer is a line that begins with the mark, for a login shell may print
 * whatever it likes before.
 *
 * | lines                             | answer                                                     |
 * | --------------------------------- | ---------------------------------------------------------- |
 * | –                                 | `hello`, once, when it listens                             |
 * | `put`, directory, file name, port, JSON | `put FILE`, or `failed WHY`                          |
 * | `ping`                            | `pong gone`, or `pong CODE`: HTTP status of the tunnel's end, `000` for none, `none` where it cannot be asked |
 * | `bye`                             | `bye`; the registration is removed, the script ends        |
 *
 * When its stdin ends, it ends and leaves the registration: a machine that sleeps comes back.
 */
const script = `
fleet() {
  umask 077
  say() { printf '%s %s\\n' "$1" "$2"; }
  file= port=
  # What has been printed before may have no end of its line.
  echo
  say "$1" hello
  while IFS= read -r verb; do
    case $verb in
    put)
      IFS= read -r place; IFS= read -r name; IFS= read -r port; IFS= read -r json
      case $place in
      '') case $XDG_DATA_HOME in /*) place=$XDG_DATA_HOME ;; *) place=$HOME/.local/share ;; esac
          place=\${RELAY_REGISTRY_DIR:-$place/opencode-relay} ;;
      esac
      case $place in '~') place=$HOME ;; '~/'*) place=$HOME/\${place#??} ;; esac
      to=$place/$name
      new=$place/.$name.$$.new
      if ! why=$(mkdir -p -m 700 -- "$place" 2>&1); then say "$1" "failed $place cannot be made: $why"
      elif [ -L "$to" ] || { [ -e "$to" ] && ! [ -f "$to" ]; }; then say "$1" "failed $to is no plain file"
      elif why=$({ rm -f -- "$new"; set -C; printf '%s\\n' "$json" > "$new" && mv -f -- "$new" "$to"; } 2>&1); then
        # Only what was put is asked for, and removed.
        file=$to
        say "$1" "put $file"
      else
        rm -f -- "$new"
        say "$1" "failed $to cannot be written: $why"
      fi ;;
    ping)
      code=none
      if [ -L "$file" ] || ! [ -f "$file" ]; then code=gone
      elif command -v curl > /dev/null; then
        code=$(curl -q --silent --noproxy '*' --max-time 8 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/global/health" < /dev/null)
      fi
      say "$1" "pong $code" ;;
    bye)
      if [ -n "$file" ]; then rm -f -- "$file"; fi
      say "$1" bye
      exit 0 ;;
    esac
  done
}
`

/** The script with the call that starts it. The mark is of letters, digits and dashes. */
export const relayScript = (mark: string): string => `${script}fleet ${mark}; exit\n`
