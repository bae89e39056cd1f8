# Bodies that come in pieces, or slowly: they are read right, into as much
# memory as they need, and never to disk.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::H2;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;
use Time::HiRes qw(sleep);

my $h2_port = Kanda::Home::port();
my $k = Kanda->new(
    workers => 1,
    server  => "
        listen 127.0.0.1:$h2_port http2;
        location /mirrored/ { kanda_serve api; mirror /copy; }
        location /filed/ { kanda_serve api; client_body_in_file_only on; }
        location = /copy { internal; return 204; }
    ",
)->start;
my $who = $k->account;
my ($pid) = $k->nginx->worker_pids;
my $serial = 0;


# A body of so many bytes that is right only as a whole.

sub body_of {
    my ($size) = @_;
    my ($head, $tail) = ('{"clientId":"piece' . ++$serial . '",',
                         qq("label":"end$serial"}));

    return $head . ' ' x ($size - length "$head$tail") . $tail;
}


# Sends each piece by itself; they come in as many reads.

sub in_pieces {
    my ($pause, @pieces) = @_;
    my $http = $k->connect;

    $http->send(shift @pieces);
    setsockopt $http->{socket}, IPPROTO_TCP, TCP_NODELAY, 1;

    for my $piece (@pieces) {
        sleep $pause;
        $http->send($piece);
    }

    return $http->receive;
}


# A request in its parts: the head, and the body cut to these sizes, the last
# of which goes on until the body ends.

sub parts {
    my ($chunked, $body, @sizes) = @_;
    my $text = $k->request_text('POST', '/totp/register', $who, $body);
    my ($head) = $text =~ /^(.*?\r\n\r\n)/s;
    my @pieces;

    $head =~ s/Content-Length: \d+/Transfer-Encoding: chunked/ if $chunked;

    while (length $body) {
        my $size = @sizes > 1 ? shift @sizes : $sizes[0];
        my $piece = substr $body, 0, $size, '';
        push @pieces, $chunked ? sprintf("%x\r\n%s\r\n", length $piece, $piece)
                               : $piece;
    }

    return ($head, @pieces, $chunked ? "0\r\n\r\n" : ());
}


for my $case (
    [ 'a small one, then large ones', 0.01, 66048 - 512, 512, 8192 ],
    [ 'ever larger ones', 0.01, 60000, 1, 2, 4, 8, 600, 1100, 4100, 9000,
      16400, 32000 ],
    [ 'beyond a buffer', 0.01, 40000, 16385, 20000 ],
    [ 'large, then small ones', 0.002, 33000, 32768, 5 ],
    [ 'one byte each', 0.001, 300, 1 ],
) {
    my ($what, $pause, $size, @sizes) = @$case;

    for my $chunked (1, 0) {
        my $body = body_of($size);
        my $r = in_pieces($pause, parts($chunked, $body, @sizes));

        is($r->status, 201, "$what, " . ($chunked ? 'chunked' : 'announced'))
            or diag $r->text || $r->{error};
        like(($r->json // {})->{otpauthUrl} // '',
             qr/^otpauth:.*end$serial\b/, 'all of it was read');
    }
}

for my $chunked (1, 0) {
    my $r = in_pieces(0.01, parts($chunked, body_of(65536), 512, 32000));
    is($r->status, 201, 'as much as there may be');
    $r = in_pieces(0.01, parts($chunked, body_of(65537), 512, 32000));
    is($r->status, 413, 'a byte more');
}

is("@{[ $k->nginx->worker_pids ]}", $pid, 'and the worker lives');


# HTTP/2 tells of no length: frames of a byte must not cost a copy each

sub memory {
    my ($kb) = Kanda::Home::slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
    return $kb;
}

# From here on the most that it had is the most that it has now.

sub forget_peak {
    open my $fh, '>', "/proc/$pid/clear_refs" or return;
    print $fh "5\n";
}

my $client = $k->client($who)->{clientId};
my $h2 = Kanda::H2->new($h2_port);
my $text = json({ clientId => $client, token => 'abc' });

is($h2->request('POST', '/api/totp/validate', { authorization =>
                "Bearer $who->{token}" }, $text, 3), '{"valid":false}',
   'HTTP/2: a few bytes a frame');

# what has been used before is no growth
($pid) = $k->nginx->worker_pids;
forget_peak();

my $before = memory();

is($h2->request('POST', '/api/totp/validate', { authorization =>
                "Bearer $who->{token}" }, ' ' x 5000 . $text, 1, 0.0001),
   '{"valid":false}', 'thousands of frames');

SKIP: {
    skip 'a sanitizer keeps what is freed', 1 if $ENV{KANDA_SAN};
    my $more = memory() - $before;
    cmp_ok($more, '<', 8192, "which took $more KB");
}


# Nothing that may be a password goes to disk, whoever else wants the body

sub elsewhere {
    my ($mount, $size) = @_;
    my $text = $k->request_text('POST', '/totp/register', $who,
                                body_of($size));

    return $k->connect->send($text =~ s{/api/}{/$mount/}r)->receive;
}

for my $mount (qw(mirrored filed)) {
    is(elsewhere($mount, $_)->status, 201, "$mount: $_ bytes")
        for 100, 20000, 65536;
    is(elsewhere($mount, 70000)->status, 413, 'too many');
}

unlike($k->nginx->log_text, qr/buffered to a temporary file/,
       'no body was written');
is(`find @{[ $k->nginx->dir ]}/client_body -type f`, '', 'nor is one left');

done_testing;
