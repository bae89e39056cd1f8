package Corpus::Whole;

# Whether what generated requests leave behind is whole: every record has all
# its fields and is on its list, every list's members are there, and what is
# another's is as it was.

use strict;
use warnings;

use Corpus::World ();

my %FIELDS = (
    client  => [qw(s v a d p l i c)],
    apikey  => [qw(hash realm prefix name scopes regions expires created used)],
    session => [qw(g r c i a)],
    factor  => [qw(s v a d p)],
);

# What may stand behind an account's name without being a record.
my %PLAIN = map { $_ => 1 } qw(log tries login strangers pending recovery
                               clients apikeys sessions dead);


sub new {
    my ($class, $world) = @_;
    my $self = bless { world => $world, read => {} }, $class;
    $self->{others} = $self->others;
    return $self;
}


sub redis { my ($self, @words) = @_;
            return $self->{world}{k}->redis->command(@words) }

sub named {
    my ($self, $pattern) = @_;
    return @{ $self->redis('KEYS', $pattern) };
}

sub listed {
    my ($self, $list) = @_;
    return @{ $self->redis('ZRANGE', $list, 0, -1) };
}


# All that other people have.

sub others {
    my ($self) = @_;
    my %value;

    my $id = $self->{world}{other}{userId};

    $value{$_} = $self->redis('DUMP', $_) for $self->named("kanda:{$id}*");
    return \%value;
}


sub touched {
    my ($self) = @_;
    return Corpus::World::changes($self->{others}, $self->others);
}


sub broken {
    my ($self) = @_;
    my %is = map { $_ => 1 } $self->named('*');
    my @accounts = $self->listed('kanda:{accounts:default}:index');
    my %known = map { $_ => 1 } @accounts;
    my @bad;

    push @bad, map { "account $_ is listed, but not there" }
        grep { !$is{"kanda:{$_}"} } @accounts;

    for my $key (sort keys %is) {
        next if $key eq 'kanda:canary'
            || $key =~ /^kanda:\{accounts:default\}:(?:index\z|making:)/;
        my ($account, $kind, $id) = $key =~ /^kanda:\{(\w{26})\}(?::([a-z]+)
                                             (?::(.*))?)?\z/sx;

        # tries to log in are counted for emails that nobody has, too
        push @bad, !defined $account ? "a key $key"
            : $known{$account} ? $self->record($key, $account, $kind, $id, \%is)
            : ($kind // '') eq 'login' && $self->redis('PTTL', $key) > 0 ? ()
            : "$key of nobody who is listed";
    }

    for my $account (@accounts) {
        for my $kind (qw(client apikey)) {
            push @bad, map { "$account has no $kind $_" }
                grep { !$is{"kanda:{$account}:$kind:$_"} }
                $self->listed("kanda:{$account}:${kind}s");
        }
    }
    return @bad;
}


# One key of an account.

sub record {
    my ($self, $key, $account, $kind, $id, $is) = @_;
    my $of = "kanda:{$account}";

    return $self->lacks($key, qw(email realm phc created seq))
        if !defined $kind;
    return $kind eq 'factor' ? $self->lacks($key, @{ $FIELDS{factor} })
           : $PLAIN{$kind} ? () : "a key $key" if !defined $id;

    return $self->lacks($key, @{ $FIELDS{$kind} }),
           $self->unlisted($key, "$of:${kind}s", $id) if $FIELDS{$kind};
    return $self->unlisted($key, "$of:dead", $id) if $kind eq 'dead';
    return $is->{"$of:client:$id"} ? () : "$key of no client"
        if $kind eq 'recovery';
    return $id eq ($self->redis('HGET', $of, 'life') // '')
           ? () : "$key is past" if $kind eq 'life';
    return $kind eq 'log' ? () : "a key $key";
}


sub lacks {
    my ($self, $key, @fields) = @_;
    my $values = $self->redis('HMGET', $key, @fields);
    return map { "$key has no $fields[$_]" }
        grep { !defined $values->[$_] } 0 .. $#fields;
}


sub unlisted {
    my ($self, $key, $list, $id) = @_;
    return defined $self->redis('ZSCORE', $list, $id) ? ()
                                                      : "$key is not listed";
}


# Secrets in the logs, but for what nginx takes for a request line or a header
# line although it is a body that somebody gave a wrong length: it quotes that,
# at level info and in the access log, and nobody else has seen it.

sub told {
    my ($self) = @_;
    my $dir = $self->{world}{k}->nginx->dir;
    my ($error, $access) = map { Kanda::Home::slurp("$dir/logs/$_.log") }
        qw(error access);

    $error =~ s/^.*\[info\].*client sent .*$//mg;
    $access =~ s/^\S+ - - \[[^]]*\] "(?!\S+ \S+ HTTP\/1\.[01]" ).*" 400 .*$//mg;
    return "$error$access" =~ /^(.*(?:$self->{world}{never}).*)$/mg;
}


# What a worker has in memory for itself alone, in KiB: what all workers share
# has its size, and is taken bit by bit.

sub held {
    my ($self, $pid) = @_;
    my ($kb) = Kanda::Home::slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
    return $kb // 0;
}


1;
