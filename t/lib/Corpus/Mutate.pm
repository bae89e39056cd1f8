package Corpus::Mutate;

# Bends requests of the grammar, one part at a time, and writes them down.  What
# is left with its framing intact can be sent behind others; what has not is
# marked loose.

use strict;
use warnings;

use Corpus::Parts;

my @NUMBERS = qw(0 -1 1 5 9 007 1e1 1e999 -1e-400 6.0 0x6 65536 2147483648
                 4294967302 9007199254740993 9223372036854775808
                 18446744073709551617 NaN Infinity);
push @NUMBERS, '9' x 400;

my @VALUES = (qw(null true false [] {} "" [[]] "\u0000" "\ud800" "\ud83d\ude00"
                 {"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}),
              '[' x 9 . ']' x 9, '[' x 5000 . ']' x 5000, '[' x 3000);

# Bytes that somebody may trip over.
my @BYTES = ("\0", "\x01", "\x7f", "\x80", "\xff", "\xc0\x80", "\xed\xa0\x80",
             "\xf4\x90\x80\x80", "\xe2\x80\xae", "\xef\xbb\xbf", "\xef\xbc\x91",
             "\xc3", '"', '\\', '\\u', '%', '%00', '%zz', '&', '=', '+', ';',
             ',', ':', '/', '..', '{', '}', '[', ']', '<', "'", '*', ' ', "\t",
             '-');

my @METHODS = qw(GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND MKCOL TRACE
                 FOO get M-SEARCH);
my @PLACES = qw(/api/ /api/totp /api/totp/validate /api/auth/me /totp/ping
                /totp/verifyOTP /v1/auth/totp-verify /auth/me /auth/2fa/verify
                /health/ready /metrics /app/page /sign-in);
my @FIELDS = (
    [ Accept => 'image/png, */*;q=0' ], [ 'Accept-Encoding' => 'gzip' ],
    [ Range => 'bytes=0-5' ], [ 'If-Match' => '"x"' ],
    [ 'If-None-Match' => '*' ], [ Expect => '100-continue' ],
    [ Origin => 'https://evil.example' ],
    [ 'Sec-Fetch-Site' => 'cross-site' ], [ 'X-Forwarded-For' => '::1' ],
    [ 'X-HTTP-Method-Override' => 'DELETE' ], [ 'User-Agent' => 'x' x 5000 ],
    [ Cookie => 'accessToken=x; accessToken=y' ], [ Cookie => ';=;,' ],
    [ 'X-Auth-Strategy' => 'Bearer' ], [ 'X-Api-Key' => 'kan_x' ],
    [ 'Content-Encoding' => 'gzip' ], [ 'X-Long' => 'y' x 9000 ],
);
my @TYPES = ('application/json', 'application/json;charset=utf-16', '*/*',
             'application/x-www-form-urlencoded', 'multipart/form-data', '',
             'application/jsonx', 'APPLICATION/JSON', 'text/plain',
             'application/json, x');

my @PARTS = ((\&field) x 10, (\&body) x 5, (\&query) x 3, (\&path) x 4,
             (\&method) x 2, (\&header) x 6, \&chunks, (\&loose) x 4);


# Bends in one way, often, or in two or three.

sub bent {
    my ($r) = @_;
    my $times = one(1, 1, 1, 1, 2, 2, 3);

    for (my $tries = 0; $times && $tries < 20; $tries++) {
        $times-- if $PARTS[rand @PARTS]->($r);
    }
    return $r;
}


# Bytes that are no longer what they were.

sub mangled {
    my ($text) = @_;
    my $at = int rand 1 + length $text;
    my $size = 1 + int rand 4;

    for (int rand 9) {
        return substr($text, 0, $at) if $_ == 0;
        return $text . $text if $_ == 1;
        return substr($text, 0, $at) . $BYTES[rand @BYTES] . substr $text, $at
            if $_ <= 4;
        return substr($text, 0, $at) . chr(int rand 256) . substr $text, $at
            if $_ == 5 || $at == length $text;
        substr($text, $at, $size) = '' if $_ == 6;
        substr($text, $at, 1) ^= chr 1 << int rand 8 if $_ == 7;
        substr($text, $at, 1) = chr int rand 256 if $_ == 8;
    }
    return $text;
}


# One member of a body.

sub field {
    my ($r) = @_;
    my $fields = $r->{fields};
    return 0 if $r->{format} eq 'none' || !@$fields || exists $r->{body};

    my $n = int rand @$fields;
    my ($name, $value) = @{ $fields->[$n] };

    for (int rand 8) {
        if ($_ == 0) { splice @$fields, $n, 1 }
        if ($_ == 1) { splice @$fields, rand @$fields, 0, [ $name,
                           one($value, $fields->[rand @$fields][1]) ] }
        if ($_ == 2) { $fields->[$n][0] = one(uc $name, ucfirst $name, "$name ",
                           mangled($name), '', 'x' x 3000) }
        if ($_ >= 3) { $fields->[$n][1] = $r->{format} eq 'json'
                           ? json($value) : text($value) }
    }
    return 1;
}


sub json {
    my ($value) = @_;
    my ($text) = $value =~ /^"(.*)"\z/s;

    for (int rand 8) {
        return $VALUES[rand @VALUES] if $_ == 0;
        return $NUMBERS[rand @NUMBERS] if $_ == 1;
        return one("[$value]", qq({"a":$value}), "$value$value") if $_ == 2;
        return defined $text ? $text : qq("$value") if $_ == 3;
        last if !defined $text;
        return '"' . join('', map { sprintf '\\u%04x', ord } split //, $text)
            . '"' if $_ == 4 && $text !~ /\\/;
        return '"' . text($text) . '"';
    }
    return mangled($value);
}


sub text {
    my ($text) = @_;

    for (int rand 8) {
        return join one(' ', '-', '  '), split /(?<=^...)/, $text if $_ == 0;
        return $text x one(20, 200) if $_ == 1;
        return $text . 'x' x one(200, 5000, 70000) if $_ == 2 && !int rand 4;
        return $text =~ tr/0-9/1-90/r if $_ == 3;
        return one(" $text", "$text ", "$text\t", lc $text, uc $text)
            if $_ == 4;
    }
    return mangled($text);
}


# A body as a whole, from here on bytes.

sub body {
    my ($r) = @_;
    return 0 if $r->{format} eq 'none' && int rand 4;

    my $body = written($r);
    $body = one('{}', "[$body]", "$body$body", '', "\xef\xbb\xbf$body",
        mangled($body), mangled($body), mangled(mangled($body)),
        substr($body, 0, rand length $body), "$body ", ' ' x 3000 . $body,
        join("\0", split(//, $body), ''), $body . ' ' x one(20_000, 70_000),
        'a=b&a=c', '"x"');
    $r->{body} = $body;
    return 1;
}


sub query {
    my ($r) = @_;
    my $query = $r->{query};
    return 0 if !@$query && int rand 4;

    my $pair = @$query ? $query->[rand @$query] : [ limit => 5 ];
    my $value = one(@NUMBERS, '', map { encoded($_) } mangled($pair->[1]),
                    mangled($pair->[1]), $BYTES[rand @BYTES]);
    $value .= one('%', '%4', '%zz', '%u0041', '+', '&', '=') if !int rand 6;

    for (int rand 5) {
        if ($_ == 0 && @$query) { splice @$query, rand @$query, 1 }
        elsif ($_ == 1)         { push @$query, [ $pair->[0], $value ] }
        elsif ($_ == 2)         { push @$query, [ encoded(mangled($pair->[0])),
                                                  $value ] }
        elsif (@$query)         { $pair->[1] = $value }
        else                    { push @$query, $pair }
    }
    return 1;
}


sub path {
    my ($r) = @_;
    my @segments = split m{/}, $r->{path}, -1;
    my $n = 1 + int rand @segments - 1;
    my $odd = one('', '.', '..', '%2e', '%2E%2e', '%2f', '%5c', '%00', '%0d%0a',
        '%zz', '%4', '%252e', '%ff', '%c0%af', "\xc3\xa9", ';x', '*',
        '%F0%9F%98%80', 'x' x 200, 'x' x 9000, encoded($BYTES[rand @BYTES]));

    for (int rand 9) {
        if ($_ == 0) { splice @segments, $n, 0, $odd }
        if ($_ == 1) { splice @segments, $n, 1 }
        if ($_ == 2) { $segments[$n] .= $odd }
        if ($_ == 3) { $segments[$n] = $odd }
        if ($_ == 4) { $segments[$n] = one(uc $segments[$n],
                           encoded(mangled($segments[$n]))) }
        if ($_ == 5) { $segments[$n] = join '', map { sprintf '%%%02X', ord }
                           split //, $segments[$n] }
        if ($_ == 6) { push @segments, '' }
        if ($_ == 7) { @segments = split m{/}, one(@PLACES), -1 }
        if ($_ == 8) { splice @segments, $n, 0, $segments[$n] }
    }
    $r->{path} = '/' . join '/', @segments[1 .. $#segments];
    return 1;
}


sub method { my ($r) = @_; $r->{method} = one(@METHODS); return 1 }


# A line of the head, which stays a line.

sub header {
    my ($r) = @_;
    my $headers = $r->{headers};
    my $n = int rand @$headers;
    my $line = $headers->[$n];
    my $odd = [ @{ $FIELDS[rand @FIELDS] } ];

    return push @$headers, $odd if !$line || !int rand 3;

    for (int rand 7) {
        if ($_ == 0) { splice @$headers, $n, 1 }
        if ($_ == 1) { push @$headers, [ @$line ] }
        if ($_ == 2) { $line->[0] = one(uc $line->[0], "X-$line->[0]",
                           $line->[0] =~ tr/-/_/r, $line->[0] . "\x01") }
        if ($_ == 3) { $line->[1] = one('', " $line->[1] ", lc $line->[1],
                           "$line->[1],$line->[1]", 'x' x 9000) }
        if ($_ == 4) { $line->[1] =~ s/^(\S+) /one('Basic ', "$1\t", "\L$1 ",
                                                   '')/e }
        if ($_ == 5) { $line->[1] = one(@TYPES)
                           if $line->[0] eq 'Content-Type' }
        if ($_ >= 5) { $line->[1] = mangled($line->[1]) =~ tr/\r\n\0//dr }
    }
    return 1;
}


sub chunks { my ($r) = @_; $r->{chunks} = 1 + int rand 40; return 1 }


# The framing itself, from here on the whole text.

sub loose {
    my ($r) = @_;
    return 0 if exists $r->{loose};

    my $text = text_of($r);
    my ($head, $body) = split /(?<=\r\n\r\n)/, $text, 2;
    my $length = length($body // '');
    my $line = one(map({ "Content-Length: $_" } $length + 1, $length - 1, -1,
                       "+$length", "$length, $length", '1e1', '0x5', '9' x 20,
                       $length, 0, 70000),
                   map({ "Transfer-Encoding: $_" } 'chunked', 'identity',
                       'xchunked', 'chunked, chunked', ' chunked', 'gzip'),
                   'Host: a', 'Host: a/b', 'Host:', ' folded', 'X', 'X : y',
                   'Connection: close', 'Upgrade: h2c', "X: a\0b", "X: a\rb",
                   ': x');

    for (int rand 8) {
        if ($_ <= 1) { $head =~ s/\r\n\r\n/\r\n$line\r\n\r\n/ }
        if ($_ == 2) { $head =~ s/^(?:Content-Length|Host): [^\r]*/$line/m }
        if ($_ == 3) { $head = mangled($head) }
        if ($_ == 4) { $head =~ s{ HTTP/1.1}{one('', ' HTTP/1.0', ' HTTP/0.9',
                           ' HTTP/2.0', ' HTTP/3.7', ' HTP', '  HTTP/1.1 ')}e }
        if ($_ == 5) { $head =~ s/\r\n/one("\n", "\r", "\r\r\n")/e }
        if ($_ == 6) { $body = mangled($body // '') }
        if ($_ == 7) { $body = '' if !int rand 2;
                       $head = substr $head, 0, rand length $head }
    }
    $r->{loose} = $head . ($body // '');
    return 1;
}


# Writing down

sub encoded {
    my ($text) = @_;
    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}


sub written {
    my ($r) = @_;

    return $r->{body} if exists $r->{body};
    return '' if $r->{format} eq 'none';

    my @fields = @{ $r->{fields} };
    return '{' . join(',', map { qq("$_->[0]":$_->[1]) } @fields) . '}'
        if $r->{format} eq 'json';
    return join '&', map { join '=', map { encoded($_) } @$_ } @fields;
}


sub target {
    my ($r) = @_;
    my $query = join '&', map { join '=', @$_ } @{ $r->{query} };
    return $query eq '' ? $r->{path} : "$r->{path}?$query";
}


sub text_of {
    my ($r) = @_;
    return $r->{loose} if exists $r->{loose};

    my $body = written($r);
    my @lines = map { "$_->[0]: $_->[1]" } @{ $r->{headers} };

    if ($r->{chunks}) {
        push @lines, 'Transfer-Encoding: chunked';
        $body = join '', map { sprintf "%x;x=\"y\"\r\n%s\r\n", length, $_ }
            unpack("(a$r->{chunks})*", $body), '';
    } elsif ($r->{format} ne 'none' || $body ne '') {
        push @lines, 'Content-Length: ' . length $body;
    }

    return join "\r\n", "$r->{method} @{[ target($r) ]} HTTP/1.1",
                'Host: localhost', @lines, '', $body;
}


1;
