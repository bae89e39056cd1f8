# The checker of histories finds what a service must not do, each kind of it in
# a history that is clean otherwise, and nothing in one that is clean.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use File::Temp qw(tempfile);
use Kanda::History;
use Test::More;

my $base = 1_800_000_000;       # the first second of a step
my $step = $base / 10;


# A line: kind, when it began and ended, what more there is.

sub l {
    my ($kind, $start, $end, %o) = @_;
    return { tenant => 'a', client => 'c', secret => 1, status => 200,
             kind => $kind, start => $base + $start, end => $base + $end, %o };
}

sub code {
    my ($start, $end, $step_, $verdict, %o) = @_;
    return l('code', $start, $end, step => $step + $step_, code => '123456',
             verdict => $verdict, %o);
}


# Something of everything, and of what looks wrong but is not: two at once,
# answers that never came, a lock that ended, the same step of a new secret.

sub clean {
    return (
        l('register', 0, 0.1, status => 201),
        code(1, 1.2, -1, 'true'), code(1.1, 1.3, -1, 'false'),
        code(2, 2.9, 0, 'true'), code(2.1, 2.2, 1, 'true'),
        code(3, 3.1, 1, 'false'),
        code(9.9, 10, 2, 'true'),
        l('rotate', 11, 11.2),
        code(11.1, 11.3, 2, 'false'), code(11.5, 11.6, 1, 'true', secret => 2),
        code(12, 12.1, 2, undef, secret => 2, status => 503),
        code(13, 13.1, 2, 'true', secret => 2),
        code(13, 13.1, 2, undef, secret => 2, status => 0),
        l('present', 90, 90.1, verdict => 1),

        l('register', 0, 0.1, client => 'd', secret => 3, status => 201),
        code(1, 1.1, -1, 'true', client => 'd', secret => 3),
        l('delete', 2, 2.3, client => 'd', secret => 3),
        code(2.1, 2.4, 0, 'true', client => 'd', secret => 3),
        code(2.5, 2.6, 1, undef, client => 'd', secret => 3, status => 404),
        l('present', 90, 90.1, client => 'd', verdict => 0),

        l('register', 0, 0.1, client => 'e', secret => 4, status => 201),
        l('delete', 3, 4, client => 'e', secret => 4, status => 503),
        l('present', 90, 90.1, client => 'e', verdict => 1),

        l('register', 0, 0.1, client => 'f', secret => 5, status => 201),
        l('wrong', 3, 3.1, client => 'f', secret => 5, verdict => 'false'),
        l('wrong', 3.2, 3.3, client => 'f', secret => 5, status => 429,
          verdict => 'locked:3'),
        code(3.4, 3.5, 0, 'locked:3', client => 'f', secret => 5,
             status => 429),
        code(6.3, 6.4, 0, 'true', client => 'f', secret => 5),

        l('token', 0, 0.1, client => undef, secret => 't'),
        l('use', 1, 1.1, client => undef, secret => 't'),
        l('revoke', 2, 2.2, client => undef, secret => 't'),
        l('use', 2.1, 2.3, client => undef, secret => 't'),
        l('use', 2.4, 2.5, client => undef, secret => 't', status => 401),

        l('logged', 95, 96, client => undef, secret => undef, verdict => 16),
    );
}


sub broken {
    my $history = Kanda::History->new->add(@_);
    return join ' ', sort keys %{ $history->count };
}

# A line more, with the entry in the log that it has.

sub seeded {
    my ($line) = @_;
    my @lines = clean();

    $lines[-1]{verdict}++ if $line->{kind} =~ /^(?:code|wrong)$/;
    return (@lines, $line);
}

is(broken(clean()), '', 'a clean history');
is(scalar(grep { $_->{kind} =~ /^(?:code|wrong)$/ } clean()), 18,
   'of so many codes');

my @seeds = (
    [ twice     => code(14, 14.1, 2, 'true', secret => 2) ],
    [ twice     => code(11.5, 11.6, 1, 'true', secret => 2) ],
    [ backwards => code(14, 14.1, 0, 'true', secret => 2) ],
    [ rotated   => code(20.1, 20.2, 3, 'true') ],
    [ deleted   => code(2.35, 2.4, 1, 'true', client => 'd', secret => 3) ],
    [ locked    => code(3.6, 3.7, -1, 'true', client => 'f',
                      secret => 5) ],
    [ wrong     => l('wrong', 1, 1.1, verdict => 'true') ],
    [ window    => code(50, 50.1, 3, 'true', secret => 2) ],
    [ window    => code(14, 14.1, 4, 'true', secret => 2) ],
    [ revoked   => l('use', 3, 3.1, client => undef, secret => 't') ],
    [ revoked   => l('revoke', 3, 3.1, client => undef, secret => 't') ],
    [ lost      => l('present', 91, 91.1, verdict => 0) ],
    [ returned  => l('present', 91, 91.1, client => 'd', verdict => 1) ],
    [ shape     => l('use', 1, 1.1, client => undef, secret => 'u',
                     status => 500, shape => 'text/html') ],
);

is(broken(seeded($_->[1])), $_->[0], "found: $_->[0]") for @seeds;

# entries in the log: between those that are sure and those that may be

for my $case ([ 15, 'unlogged' ], [ 16, '' ], [ 17, '' ], [ 18, '' ],
              [ 19, 'overlogged' ])
{
    my ($entries, $says) = @$case;
    my @lines = clean();
    $lines[-1]{verdict} = $entries;
    is(broken(@lines), $says, "$entries entries: " . ($says || 'none'));
}

my %seeded = map { $_->[0] => 1 } @seeds, [ 'unlogged' ], [ 'overlogged' ];
is_deeply([ sort keys %seeded ], [ sort @Kanda::History::RULES ],
          'every rule was broken once');

# lines that are written come back as they were

my ($fh, $file) = tempfile(UNLINK => 1);
print $fh Kanda::History::line(%$_) for clean();
close $fh;
is(broken(Kanda::History->new->read($file)->lines), '', 'clean when read');
is(scalar Kanda::History->new->read($file)->lines, scalar(my @all = clean()),
   'and whole');

done_testing;
