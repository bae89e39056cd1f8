# A room knows only the rooms above it in this list; what must happen in
# one place happens in one place.

use strict;
use warnings;

use Test::More;

my %room;       # room => { file => text without comments }

for my $file (glob 'ngx_http_kanda_module.[ch] src/*/*.[ch]') {
    my ($room) = $file =~ m{^src/([^/]+)/};
    open my $fh, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$fh> };
    $text =~ s{/\*.*?\*/}{}gs;
    $room{ $room // 'door' }{$file} = $text;
}

# which headers of ours lie where
my %home;

for my $room (keys %room) {
    for my $file (keys %{ $room{$room} }) {
        $home{$1} = $room if $file =~ m{([^/]+\.h)$};
    }
}

my %may = (
    core  => [qw(core)],
    event => [qw(core event)],
    redis => [qw(core event redis)],
    store => [qw(core event redis store)],
    http  => [qw(core event redis store http)],
    api   => [qw(core event redis store http api)],
    gate  => [qw(core event redis store http api gate)],
);

for my $room (sort keys %may) {
    my %ok = map { $_ => 1 } @{ $may{$room} };
    my @wrong;

    while (my ($file, $text) = each %{ $room{$room} // {} }) {
        for my $header ($text =~ /^\s*#\s*include\s*[<"]([^>"]+)/mg) {
            my ($name) = $header =~ m{([^/]+)$};
            my $home = $home{$name} or next;
            push @wrong, "$file includes $name of $home" if !$ok{$home};
        }
    }

    nothing("$room knows only: @{ $may{$room} }", @wrong);
}


sub nothing {
    my ($what, @found) = @_;
    ok(!@found, $what) or diag(join "\n", sort @found);
}


# Files of some rooms in which a pattern is found.

sub having {
    my ($pattern, @rooms) = @_;
    my @found;

    for my $room (@rooms) {
        while (my ($file, $text) = each %{ $room{$room} // {} }) {
            push @found, $file if $text =~ $pattern;
        }
    }

    return sort @found;
}


sub all_but {
    my %not = map { $_ => 1 } @_;
    return grep { !$not{$_} } keys %room;
}


nothing('core includes no nginx', having(qr/#include\s*.ngx_|\bngx_/,
                                         'core'));
nothing('only redis and store include hiredis',
        having(qr/#include\s*.hiredis/, all_but(qw(redis store))));
nothing('only store spells a Redis key',
        having(qr/"kanda:[^\s"]/, all_but(qw(store))));
nothing('api knows no Redis protocol',
        having(qr/\bredisReply\b|\bredisReader|REDIS_REPLY_/, 'api'));
nothing('api leaves sending to http',
        having(qr/\bngx_http_(?:send_header|output_filter|finalize_request
                  |run_posted_requests)\b/x, 'api'));

for my $call (qw(ngx_http_send_header ngx_http_output_filter
                 ngx_http_finalize_request ngx_http_run_posted_requests))
{
    my @callers = having(qr/\b$call\s*\(/, keys %room);
    nothing("$call has one caller", @callers > 1 ? @callers : ());
}

# a log line that takes what must not be in a log

my $secret = qr/\b\w*(?:secret|password|token|passwd|apikey|plain)\w*
                (?:\.|->)(?:data|len)\b/x;
my @leaks;

for my $room (keys %room) {
    while (my ($file, $text) = each %{ $room{$room} }) {
        while ($text =~ /\b(ngx_(?:conf_)?log_\w+\s*\([^;]*\);)/g) {
            push @leaks, "$file: $1" if $1 =~ $secret;
        }
    }
}

nothing('no log line takes a secret', @leaks);

done_testing;
