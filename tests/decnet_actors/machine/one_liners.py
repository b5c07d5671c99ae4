"""One-liners whose result does not depend on the machine: real bash says what is right."""

ONE_LINERS = r"""
echo hello world
echo -n a; echo b
echo -e 'a\tb\nc\x41\0101'
echo -E 'a\tb'
echo "a  b"   c
echo 'single $HOME' "double $UNSET_THING."
echo $((1+2*3)) $((2**10)) $((7/2)) $((-7/2)) $((7%3)) $((1<<4))
echo $((0x1f + 010)) $(( 3 > 2 ? 10 : 20 )) $((!0)) $((~5))
x=5; echo $((x++)) $x $((++x)) $((x+=3)) $x
echo $((73*41))
echo {1..5} {a..e} {01..03} {5..1..2}
echo a{b,c,d}e {x,y}{1,2} {a,b{1,2}}
echo {a} {} {a..} a{,b}
x=hello; echo ${x} ${#x} ${x:1:3} ${x: -2} ${x^} ${x^^} ${x/l/L} ${x//l/L}
x=/usr/local/bin/foo.tar.gz; echo ${x##*/} ${x#*/} ${x%.*} ${x%%.*} ${x%/*}
unset y; echo ${y:-default} ${y-unset} ${y:=assigned} $y ${y:+plus} ${z+no}
y=; echo "[${y:-empty}]" "[${y-notunset}]"
echo $(echo nested $(echo deep)) `echo tick`
echo "$(printf 'a\n\n\n')x"
echo a | cat | tr a b
echo one; echo two && echo three || echo four
false || echo fallback; true && echo yes
false; echo $?; true; echo $?
! true; echo $?
(exit 3); echo $?
(cd /; pwd); x=1; (x=2; echo $x); echo $x
{ echo a; echo b; } | wc -l
if true; then echo T; else echo F; fi
if [ 1 -gt 2 ]; then echo a; elif [ a = a ]; then echo b; else echo c; fi
for i in 1 2 3; do echo $i; done
for i in a b; do for j in 1 2; do echo $i$j; done; done
for ((i=0;i<3;i++)); do echo $i; done
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done
i=0; until [ $i -ge 2 ]; do echo u$i; ((i++)); done
for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
case foo in f*) echo match;; *) echo no;; esac
case x in a|b) echo 1;; [x-z]) echo 2;; esac
case abc in a) echo 1;; abc) echo 2;& d) echo 3;; e) echo 4;; esac
f() { echo "args: $# $1 $2"; return 7; }; f a b; echo $?
f() { local v=in; echo $v; }; v=out; f; echo $v
g() { echo $@; echo "$*"; for a in "$@"; do echo "<$a>"; done; }; g "a b" c
set -- x y z; echo $# $2; shift; echo $1 $#
echo "$@" | wc -c
cat <<< "here string"
echo a > f; echo b >> f; cat f; wc -c < f
echo err >&2
echo both > f 2>&1; cat f
ls nonexistent-file 2> e; echo $?; cat e
cat nonexistent-file
nosuchcommand-xyz; echo $?
nosuchcommand-xyz arg 2>/dev/null; echo $?
./nosuchfile; echo $?
mkdir d; cd d; pwd | sed 's,.*/,,'; cd ..; rmdir d; ls
mkdir -p a/b/c; touch a/b/c/f; find a | sort; rm -r a; ls
touch x1 x2 y1; echo x*; echo [xy]1; echo ?2; echo z*
echo *
printf '%s-%d\n' a 1 b 2
printf '%5s|%-5s|%05d|%x|%o|%c\n' ab cd 42 255 8 hello
printf '%b' 'a\tb\n'; printf '%q\n' 'a b'
printf '\x41\102\n'; printf '%%\n'
printf "%.3f %e\n" 3.14159 12345.678
seq 3; seq 2 4; seq 1 2 7; seq -s, 3
echo "b a c" | tr ' ' '\n' | sort
printf '3\n1\n2\n10\n' | sort -n; printf '3\n1\n2\n' | sort -r
printf 'a\na\nb\n' | uniq -c; printf 'a\na\nb\n' | uniq -d
echo a:b:c | cut -d: -f2; echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4
echo hello | tr a-z A-Z; echo hello | tr -d l; echo aabbcc | tr -s a-c
printf 'foo\nbar\nbaz\n' | grep ba; printf 'foo\nbar\n' | grep -v foo; printf 'a\nb\n' | grep -c .
printf 'foo\nBar\n' | grep -i b; printf 'x1\ny2\n' | grep -n y; printf 'a.b\naxb\n' | grep -F a.b
printf 'foo bar\n' | grep -o 'o\+'; printf 'ab\n' | grep -E 'a|z'; echo x | grep y; echo $?
echo hello | sed 's/l/L/'; echo hello | sed 's/l/L/g'; printf '1\n2\n3\n' | sed -n 2p; printf '1\n2\n3\n' | sed 2d
echo hello | sed 's/\(h\)\(e\)/\2\1/'; echo a/b | sed 's,/,-,'; echo abc | sed -E 's/(a)(b)/\2\1/'
echo 'a b c' | awk '{print $2}'; printf 'x 1\ny 2\n' | awk '{print $1, $2}' ; echo a:b | awk -F: '{print $2}'
printf 'a\nb\nc\n' | head -2; printf 'a\nb\nc\n' | tail -1; printf 'a\nb\nc\n' | head -n -1
printf 'a\nb\nc\n' | tail -n +2
printf 'a b\nc\n' | wc; printf abc | wc -c
printf 'a\nb\n' | while read x; do echo "<$x>"; done
printf 'a b c\n' | { read x y; echo "$x|$y"; }
echo a b c | xargs -n1 echo; echo a b | xargs
echo hello | base64; echo aGVsbG8K | base64 -d
echo -n abc | md5sum; echo -n abc | sha256sum; echo -n abc | sha1sum
test -d / && echo dir; [ -f /nonexistent ] || echo nofile; [ "a" != "b" ]; echo $?
[[ abc == a* ]] && echo glob; [[ abc =~ ^a.c$ ]] && echo regex; [[ 2 -gt 1 && x = x ]]; echo $?
[ 1 -eq 1 -a 2 -eq 2 ] && echo and; [ 1 = 2 -o 3 = 3 ] && echo or; [ ! -e /nonexistent ]; echo $?
[ a ; echo $?
[ 1 -eq x ]; echo $?
echo "quoted \"inner\" \$x \\ \`"
echo a\ b 'it'\''s' $'tab\there'
echo ~root; echo ~/x | sed 's,^/[^ ]*x$,ok,'
a=(1 2 3); echo ${a[1]} ${#a[@]} ${a[@]}; a+=(4); echo ${a[*]}; a[7]=x; echo ${!a[@]} | wc -w
declare -A m; m[k]=v; echo ${m[k]}
x="a b  c"; echo $x; echo "$x"; for w in $x; do echo $w; done
IFS=:; x=a:b:c; for w in $x; do echo $w; done
x=1 y=2; echo $x$y; x=3 true; echo $x
export FOO=bar; sh -c 'echo $FOO'; bash -c 'echo $0 $1' name arg
FOO=baz sh -c 'echo $FOO'; echo "[$FOO]"
eval 'echo evaluated'; x='echo via var'; $x
type cd echo if; command -v cd
readonly r=1; r=2; echo after
echo ${x?message}; echo still
echo $((1/0)); echo after
echo a | | b
echo )
if true; fi
echo "unterminated
true | false; echo $?; false | true; echo $?; set -o pipefail; false | true; echo $?
set -e; false; echo not-reached
set -u; echo $undefined_variable; echo not-reached
trap 'echo x' EXIT; trap
ln -s target link; readlink link; ls -l link | sed 's/.*link/link/'
echo data > f; cp f g; mv g h; cat h; rm h; ls
echo x > f; chmod 600 f; stat -c '%a %s' f; chmod u+x,g=r f; stat -c %a f
basename /a/b/c.txt .txt; dirname /a/b/c
expr 1 + 2; expr 3 \* 4; expr length hello
yes | head -3
echo abc | rev; printf '1\n2\n' | tac
mkdir x; mkdir x; rmdir nonexist; rm nonexist; rm x; cat x
touch a b; ls -1; ls a b c
printf 'a\0b' | od -c | head -1
dd if=/dev/zero bs=4 count=2 2>/dev/null | wc -c
head -c 3 <<< abcdef; echo
echo $# $0 | cut -d' ' -f1
x=$(false); echo $?
cd /nonexistent; echo $?
unset x; echo "${x:-a b}" ${x:-c d}
echo ${#} ${#x}
var=abc; echo "${var:0:1}${var:1}"
let x=3+4; echo $x; ((x>5)) && echo big
exit 9
return 5; echo $?
echo start; exit; echo never
kill -l 9 > /dev/null; echo ok
: > empty; [ -s empty ]; echo $?; wc -c empty
tee t <<< teed; cat t
echo 1 2 3 | { read a b c; echo $((a+b+c)); }
while read -r l; do echo "$l"; done < <(echo psub)
echo -e "1\n2\n3" | paste -sd+
printf '%s\n' a b c | nl
diff <(echo a) <(echo a); echo $?
""".strip("\n").split("\n")
SCRIPTS = (
    "cat <<EOF\nplain $((1+1)) $(echo sub)\n\ttab\nEOF\necho done",
    "cat <<'EOF'\nraw $x `y`\nEOF",
    "cat <<-EOF | tr a-z A-Z; echo after\n\tindented\n\tEOF",
    'x=$(cat <<EOF\ninner\nEOF\n)\necho "[$x]"',
    'f() {\n  if [ $# -eq 0 ]; then\n    echo no\n    return 1\n  fi\n  echo "$1"\n  shift\n  f "$@"\n}\nf a b\necho',
    "n=5\nwhile [ $n -gt 0 ]; do\n  printf '%d ' $n\n  n=$((n-1))\ndone\necho",
    'for f in a b c; do\n  echo $f > $f.txt\ndone\nfor f in *.txt; do cat "$f"; done\nls',
    "i=0\nwhile :; do\n  i=$((i+1))\n  case $i in\n    2) continue ;;\n    5) break ;;\n  esac\n  echo $i\ndone",
    "# comment\necho a # trailing\necho 'b # not'\necho c#d",
    "echo one \\\n  two \\\n  three",
    "fact() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(fact $(($1-1))) )); fi; }\nfact 5",
    "printf '%s\\n' 'x=1' 'echo sourced $x' > s.sh\n. ./s.sh\nsh s.sh\nbash s.sh",
    "printf '#!/bin/sh\\necho script $1\\nexit 4\\n' > r.sh\nchmod +x r.sh\n./r.sh arg\necho $?",
    "./norights 2>&1; touch norights; ./norights; echo $?",
    "a=1\nb=2\n[ $a -lt $b ] && {\n  echo less\n}",
    "echo a >f1 2>&1\nexec 3>f2\necho b >&3\nexec 3>&-\ncat f1 f2",
    "if ! grep -q x /dev/null; then echo empty; fi",
    'x=abc\ncase "$x" in\n  (a*) echo starts ;;\n  (*) echo other ;;\nesac',
)
