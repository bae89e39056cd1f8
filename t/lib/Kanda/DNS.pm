package Kanda::DNS;

# A DNS server on loopback, in a process of its own, that answers from a table.
#
#   my $dns = Kanda::DNS->new('one.example' => ['127.0.0.1', '::1'])->start;
#   resolver $dns->address
#   $dns->set('one.example' => ['127.0.0.2']);  # no addresses: no such name
#   $dns->silent(1);                            # takes questions only
#   $dns->asked;                                # names that were asked for
#
# An answer is good for no longer than the second in which it is given.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use Kanda::Home;
use Socket qw(AF_INET AF_INET6 inet_pton);

my $count = 0;


sub new {
    my ($class, %names) = @_;
    my $dir = Kanda::Home::root() . '/dns' . $count++;

    mkdir $dir or die "$dir: $!\n";

    return bless { dir => $dir, port => Kanda::Home::port(),
                   table => { names => \%names } }, $class;
}


sub address { "127.0.0.1:$_[0]{port}" }


sub start {
    my ($self) = @_;

    $self->write;
    $self->{pid} = Kanda::Home::spawn(
        command => [ $^X, '-It/lib', '-MKanda::DNS', '-e',
                     'Kanda::DNS::serve(@ARGV)', @$self{qw(port dir)} ],
        output  => "$self->{dir}/log",
    );

    Kanda::Home::wait_for('a DNS server', 10, sub { -e "$self->{dir}/asked" });
    return $self;
}


sub set {
    my ($self, %names) = @_;

    while (my ($name, $addresses) = each %names) {
        $self->{table}{names}{$name} = $addresses;
    }

    $self->write;
}


sub silent {
    my ($self, $is) = @_;
    $self->{table}{silent} = $is;
    $self->write;
}


sub asked { split /\n/, Kanda::Home::slurp("$_[0]{dir}/asked") }


sub write {
    my ($self) = @_;
    my $file = "$self->{dir}/table";

    open my $fh, '>', "$file.new" or die "$file: $!\n";
    print $fh JSON::PP::encode_json($self->{table});
    close $fh;
    rename "$file.new", $file or die "$file: $!\n";
}


# The other side: the table is read again for each question.

sub serve {
    my ($port, $dir) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
        Proto => 'udp') or die "$port: $!\n";

    open my $asked, '>', "$dir/asked" or die "asked: $!\n";
    $asked->autoflush;

    while (1) {
        my $peer = $socket->recv(my $question, 512) // next;
        my ($name, $kind, $length) = parse($question) or next;
        my $table = JSON::PP::decode_json(Kanda::Home::slurp("$dir/table"));

        print $asked "$name\n";
        next if $table->{silent};
        $socket->send(answer(substr($question, 0, $length), $kind,
                             $table->{names}{$name}), 0, $peer);
    }
}


sub parse {
    my ($question) = @_;
    my ($at, @labels) = 12;

    while (my $n = unpack "\@$at C", $question) {
        push @labels, unpack "\@$at C/a", $question;
        $at += 1 + $n;
    }

    return (lc join('.', @labels), unpack("\@$at x n", $question), $at + 5);
}


# Types are A (1) and AAAA (28); errors are "no such name" (3) or none.

sub answer {
    my ($question, $kind, $addresses) = @_;
    my @all = @{ $addresses // [] };
    my @data = map { inet_pton($kind == 28 ? AF_INET6 : AF_INET, $_) }
               grep { $kind == (/:/ ? 28 : 1) } @all;

    return pack('a2 n5', $question, 0x8180 | (@all ? 0 : 3), 1, scalar @data,
                0, 0)
        . substr($question, 12)
        . join '', map { pack 'n3 N n/a', 0xc00c, $kind, 1, 0, $_ } @data;
}

1;
