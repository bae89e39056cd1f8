# Requests from a grammar of all dialects, most of them bent: each is answered
# in its dialect's form, none with what is another's, and nothing is accepted
# that was not right.  Those that are left as they were have the answer that is
# due.
#
#   KANDA_SEED=1 prove t/mutations.t        the same requests again

use strict;
use warnings;

BEGIN { push @INC, 't/lib' }
use Test::More;

use Corpus::Grammar;
use Corpus::Mutate;
use Corpus::Pipe;
use Corpus::Verdict;
use Corpus::Whole;
use Corpus::Wild;
use Kanda;
use Time::HiRes qw(sleep);

# How many go together, and how much more a worker may hold at the end than when
# a quarter is done, in KiB: its heap takes a while to settle.
my ($ROWS, $ROW, $LOOSE, $STREAMS) = (3, 8, 64, 48);
my $GROWTH = 3072;
my $total = long_test(10_000, 100_000);

my $world = Corpus::Wild->new;
my $nginx = $world->{k}->nginx;
my $seed = $ENV{KANDA_SEED} // int rand 2 ** 31;
my @workers = $nginx->worker_pids;
my %held;

note("KANDA_SEED=$seed");
srand $seed;

my $whole = Corpus::Whole->new($world);
my $grammar = Corpus::Grammar->new($world);
my $pipe = Corpus::Pipe->new($world);
my $verdict = Corpus::Verdict->new($world);
my (@row, @right, @loose, @streams, @bad, %sent);


# A request as it can be read, and, without the line breaks, sent again: printf
# %b knows these escapes.

sub shown {
    my ($text, $most) = @_;
    my $size = length $text;
    $text = substr $text, 0, $most;
    $text =~ s/\\/\\\\/g;
    $text =~ s/\r\n/\\r\\n\n/g;
    $text =~ s/([^\x20-\x7e\n])/sprintf '\\%03o', ord $1/ge;
    return $size > $most ? "$text... ($size bytes)" : $text;
}


sub judge {
    for my $request (@_) {
        my @wrong = $verdict->complaints($request) or next;
        push @bad, join "\n", "request $request->{n} of $seed, $request->{way}",
            shown(Corpus::Mutate::text_of($request), 3000),
            map { '=> ' . shown($_, 1000) } @wrong;
    }
}


sub send_rows {
    my @rows = ([ splice @right ], map { [ splice @row, 0, $ROW ] } 1 .. $ROWS);
    my @all = map { @$_ } @rows;
    $pipe->rows(@rows);
    judge(@all);
}

sub send_loose {
    my @all = splice @loose;
    $pipe->loose(@all);
    judge(@all);
}

sub send_streams {
    my @all = splice @streams;
    $pipe->streams(@all);
    judge(@all);
}


for my $n (1 .. $total) {
    my $who = int rand 8 ? 'wild' : 'safe';
    my $request = $grammar->request($who);

    @$request{qw(n who)} = ($n, $who);
    Corpus::Mutate::bent($request) if $who eq 'wild';

    my ($way, $to) = $who eq 'safe' ? ('as it is', \@right)
        : exists $request->{loose}  ? ('loose', \@loose)
        : !int rand 6 && Corpus::Pipe::pairs($request)
                                    ? ('over HTTP/2', \@streams)
                                    : ('bent', \@row);
    $request->{way} = $way;
    $sent{$way}++;
    push @$to, $request;
    push @$to, { %$request, n => "$n again" } if $way eq 'bent' && !int rand 20;

    send_rows() if @row >= $ROWS * $ROW;
    send_loose() if @loose == $LOOSE;
    send_streams() if @streams == $STREAMS;
    last if @bad > 5;

    %held = map { $_ => $whole->held($_) } @workers if $n == $total / 4;
}

send_rows() while @row || @right;
send_loose();
send_streams();

ok(!@bad, "$total requests answered as they should be")
    or diag("KANDA_SEED=$seed\n", join "\n\n", @bad);
note(join ', ', map { "$sent{$_} $_" } sort keys %sent);
note(join ', ', map { "$verdict->{count}{$_} x $_" }
                sort keys %{ $verdict->{count} });


# What is left of it

is(join(' ', sort $nginx->worker_pids), join(' ', sort @workers),
   'the workers live');
is(join("\n", Kanda::Home::complaints()), '', 'nothing alarming');
is(join("\n", $whole->broken), '', 'nothing in Redis is half of something');
is(join("\n", $whole->touched), '', 'nothing of somebody else was changed');
is(join("\n", $whole->told), '', 'no secret in the logs');

SKIP: {
    skip 'a sanitizer keeps what is freed', 1 if $ENV{KANDA_SAN};
    skip 'there were not enough requests', 1 if !%held;
    my %more;

    # a password that is still being hashed takes 19 MiB, for a moment
    for (1 .. 50) {
        %more = map { $_ => $whole->held($_) - $held{$_} } @workers;
        last if !grep { $_ > $GROWTH } values %more;
        sleep 0.1;
    }

    ok(!grep({ $_ > $GROWTH } values %more), 'no memory is lost');
    note(join ', ', map { "$more{$_} KiB more in $_" } @workers);
}


# And right requests have the answers that are due, as before

@bad = ();
push @right, map { { %{ $grammar->request('safe') }, n => "$_ afterwards",
                     who => 'safe', way => 'as it is' } } 1 .. 200;
send_rows();
ok(!@bad, 'all is as it was') or diag(join "\n\n", @bad);


done_testing;
