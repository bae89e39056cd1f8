# The bad-input corpus: every case of t/corpus, one subtest a file.
#
#   prove t/corpus.t                           all of it
#   prove t/corpus.t :: 01-json-syntax 27      files by name or number

use strict;
use warnings;

BEGIN { push @INC, 't/lib' }
use Test::More;

use Corpus;
use Corpus::Run;
use Corpus::World;
use Kanda::Home;

my @files = map { Corpus::load($_) } sort glob 't/corpus/*.case';

if (@ARGV) {
    my $wanted = join '|', map { quotemeta } @ARGV;
    @files = grep { $_->{name} =~ /^(?:$wanted)/ } @files;
}

plan tests => @files + 4;

my $world = Corpus::World->new;
my $run = Corpus::Run->new($world);
my (%seen, %told);

my $resident;


# Each request once: what differs in its name only proves nothing more.

my @twins;

for my $file (@files) {
    for my $case (@{ $file->{cases} }) {
        my $is = join "\1", map {
            ref $case->{$_} ? "$_ @{ $case->{$_} }" : "$_ $case->{$_}"
        } grep { !/^(?:name|at|section|expect|like|unlike|own_raw|allow)\z/
                 && ($_ ne 'text' || exists $case->{recipe}) }
          sort keys %$case;
        push @twins, "$case->{at}: $case->{name} is as at $seen{$is}"
            if $seen{$is};
        $seen{$is} = $case->{at};
    }
}

ok(!@twins, 'no case stands twice') or diag(join "\n", @twins);


for my $file (@files) {
    subtest "$file->{name}: " . @{ $file->{cases} } . ' cases' => sub {
        plan tests => 4;

        my @workers = $world->{k}->nginx->worker_pids;
        my $alarms = Kanda::Home::complaints();
        my @bad = $run->file($file);
        ok(!@bad, 'answered as expected') or diag(@bad . " complaints\n",
                                                  join "\n", @bad);
        is(join(' ', sort $world->{k}->nginx->worker_pids),
           join(' ', sort @workers), 'the workers live');
        my @alarms = Kanda::Home::complaints();
        is(join("\n", @alarms[$alarms .. $#alarms]), '', 'nothing alarming');

        my $logs = join "\n", $world->logs;
        my @told = grep { index($logs, $_) >= 0 && !$told{$_}++ }
            keys %{ $world->{secrets} };
        is(join("\n", @told), '', 'no secret in the logs');
        $resident //= $world->resident;
        note(sprintf 'workers: %d KiB resident', $world->resident);
    };
}


# What is kept for good holds none of it either.

my $kept = $world->{k}->redis->dump;
is(join("\n", grep { index($kept, $_) >= 0 } keys %{ $world->{secrets} }), '',
   'no secret in Redis');

cmp_ok($world->resident - $resident, '<', $ENV{KANDA_SAN} ? 1 << 20 : 24 << 10,
       'no memory is lost (KiB)');

SKIP: {
    skip 'a few files only', 1 if @ARGV;
    is(scalar(grep { keys %$_ == 2 } @$run{qw(on on2)}), 2,
       'both workers had their share, over HTTP/1.1 and over HTTP/2');
}
for my $on (qw(on on2)) {
    my $n = $run->{$on};
    note("$on: ", join ', ', map { "$n->{$_} by $_" } sort keys %$n);
}
