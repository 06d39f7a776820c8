# Lines of a log -> the exceptions in it that came only after the line \001, as COUNT \001 SIGNATURE \001 FIRST LINE.
# A signature is a class and the place that raised it; numbers, which differ each time, are folded. Knows tracebacks of
# Python, stacks of Java and Node, panics of Go, and names that end in Error or Exception. For any POSIX awk.

function folded(text) {
    gsub(/0x[0-9a-fA-F]+/, "#", text)
    gsub(/[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+/, "#", text)
    gsub(/[0-9]+/, "#", text)
    return substr(text, 1, 200)
}

function note(class, place, line,    signature) {
    signature = folded(class (place == "" ? "" : " in " place))
    if (!since) {
        known[signature]
        return
    }
    if (!(signature in times)) first[signature] = substr(line, 1, 500)
    times[signature]++
}

# A head whose stack did not follow.
function finish() {
    if (head != "" && head != "Error") note(head, "", head_line)
    if (panic != "") note(panic, "", head_line)
    head = panic = ""
    traceback = goroutine = 0
}

$0 == "\001" { finish(); since = 1; next }

# Python
/Traceback \(most recent call last\):[ \t]*$/ { finish(); traceback = 1; place = ""; next }
traceback && /^[ \t]*File ".*", line [0-9]+, in / {
    place = file = $0
    sub(/.*", line [0-9]+, in /, "", place)
    sub(/", line .*/, "", file)
    sub(/.*["\/]/, "", file)
    place = place " (" file ")"
    next
}
traceback && /^[ \t]/ { next }
traceback {
    traceback = 0
    class = $0
    sub(/:.*/, "", class)
    if (class ~ /^[A-Za-z_][A-Za-z0-9_.]*$/) {
        note(class, place, $0)
        next
    }
}

# Go
/^panic: / || /http: panic serving / {
    finish()
    panic = head_line = $0
    sub(/.*http: panic serving [^ ]+: /, "panic: ", panic)
    next
}
panic != "" && /^goroutine [0-9]+ / { goroutine = 1; next }
goroutine && /^(panic|runtime[.\/]|net\/http[.])/ { next }
goroutine && /^[^ \t].*\(.*\)$/ {
    place = $0
    sub(/\([^(]*$/, "", place)
    note(panic, place, head_line)
    panic = ""
    goroutine = 0
    next
}
panic != "" && /^([ \t]|$|\[signal )/ { next }

# Java, Node
head != "" && /^[ \t]+at / {
    place = $0
    sub(/^[ \t]+at (async |new )?/, "", place)
    sub(/ ?\(.*/, "", place)
    if (place ~ /^(\/|file:|node:)/) sub(/.*\//, "", place)
    note(head, place, head_line)
    head = ""
    next
}

# Any
{ finish() }
match($0, /(^|[^A-Za-z0-9_.$\/?&=%-])[A-Za-z_$][A-Za-z0-9_.$]*(Error|Exception)([^A-Za-z0-9_.$\/=-]|$)/) {
    head = substr($0, RSTART, RLENGTH)
    gsub(/^[^A-Za-z_$]+|[^A-Za-z0-9_$]+$/, "", head)
    head_line = $0
    next
}
/^Error: / { head = "Error"; head_line = $0 }

END {
    finish()
    for (signature in times)
        if (!(signature in known)) printf "%d\001%s\001%s\n", times[signature], signature, first[signature]
}
