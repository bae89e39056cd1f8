package Corpus::Token;

# Makes JWTs that are wrong in one way: a recipe is a list of steps, parted by
# " ; ", that changes a good token's header, claims, key, signature or text.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha1 hmac_sha256 hmac_sha384 hmac_sha512 sha256);
use MIME::Base64 qw(decode_base64);

use Corpus::Macro ();

my %MAC = (
    sha1   => \&hmac_sha1,
    sha256 => \&hmac_sha256,
    sha384 => \&hmac_sha384,
    sha512 => \&hmac_sha512,
    plain  => sub { sha256($_[1] . $_[0]) },
    half   => sub { substr hmac_sha256(@_), 0, 16 },
    none   => sub { '' },
);

my $ALPHABET = join '', 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '-', '_';

# Steps that shape what is signed, then those that bend the finished text.

my %BEFORE = (
    header  => sub { $_[0]{header} = $_[1] },
    payload => sub { $_[0]{payload} = $_[1] },
    key     => sub { $_[0]{key} = $_[1] },
    mac     => sub { $_[0]{mac} = $_[1] },
    recode  => sub { push @{ $_[0]{recode} }, [ split ' ', $_[1], 2 ] },
    drop    => sub { member($_[0], $_[1]) },
    add     => sub { my ($who, $value) = split /=/, $_[1], 2;
                     member($_[0], $who, $value, 1) },
);

my %AFTER = (
    cut     => sub { substr $_[0], 0, -$_[1] },
    keep    => sub { substr $_[0], 0, $_[1] },
    append  => sub { $_[0] . $_[1] },
    prepend => sub { $_[1] . $_[0] },
    insert  => sub { my ($at, $s) = split / /, $_[1], 2;
                     substr($_[0], 0, $at) . $s . substr($_[0], $at) },
    part    => sub { my ($n, $s) = split / /, $_[1], 2;
                     my @p = split /\./, $_[0], -1; $p[$n] = $s // '';
                     join '.', @p },
    order   => sub { my @p = split /\./, $_[0], -1;
                     join '.', @p[split ' ', $_[1]] },
    parted  => sub { my ($t, $by) = @_; $t =~ s/\./$by/g; $t },
    turn    => sub { my ($n, $by) = split ' ', $_[1];
                     turned($_[0], $n, $by // 1) },
    upper   => sub { uc $_[0] },
    nest    => sub { my @p = split /\./, $_[0];
                     join '.', $p[0], Corpus::Macro::b64url($_[0]), $p[2] },
);


# A token made of a good one: its members in order, each with its JSON text.

sub new {
    my ($class, $good, $keys) = @_;

    my ($header, $payload) = map { decode_url($_) } (split /\./, $good)[0, 1];
    return bless { h => members($header), p => members($payload),
                   keys => $keys }, $class;
}


sub members {
    my ($json) = @_;
    my @list;

    push @list, [ $1, $2 ]
        while $json =~ /"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*"|[^,}]+)/g;
    return \@list;
}


sub make {
    my ($self, $recipe) = @_;

    my $t = { h => [ map { [ @$_ ] } @{ $self->{h} } ],
              p => [ map { [ @$_ ] } @{ $self->{p} } ],
              key => 'ring', mac => 'sha256' };
    my ($life) = map { substr $_->[1], 1, 8 } grep { $_->[0] eq 'jti' } @{ $t->{p} };
    member($t, 'p.jti', join '', '"', $life,
           (map { ('a' .. 'z')[rand 26] } 1 .. 22), '"');
    my @after;

    for my $step (split / ; /, $recipe) {
        next if $step eq '';
        if ($step =~ /^([hp]\.\w+)=(.*)\z/s) {
            member($t, $1, $2);
            next;
        }
        my ($word, $rest) = $step =~ /^(\w+)(?: (.*))?\z/s
            or die "cannot read the step '$step'\n";
        if ($BEFORE{$word}) {
            $BEFORE{$word}->($t, $rest // '');
        } elsif ($AFTER{$word}) {
            push @after, [ $AFTER{$word}, $rest // '' ];
        } else {
            die "unknown step '$step'\n";
        }
    }

    my $token = signed($t, $self->{keys}{ $t->{key} }
                           // die "no key '$t->{key}'\n");
    $self->{signature} = substr $token, 1 + rindex $token, '.';
    $token = $_->[0]->($token, $_->[1]) for @after;
    return $token;
}


# White space after the JSON gives a part unused bits, or another signature.

sub signed {
    my ($t, $key) = @_;

    my @text = ($t->{header} // object($t->{h}),
                $t->{payload} // object($t->{p}));
    my %stray = map { $_->[0] => 1 }
        grep { $_->[1] eq 'stray' } @{ $t->{recode} // [] };
    for (0, 1) {
        $text[$_] .= ' ' if $stray{$_} && length($text[$_]) % 3 == 0;
    }
    my $std = grep { "@$_" eq '2 std' } @{ $t->{recode} // [] };

    while (1) {
        my @part = map { Corpus::Macro::b64url($_) } @text;
        recode($t, \@part, 0, 1);
        push @part, Corpus::Macro::b64url(
            $MAC{ $t->{mac} }->(join('.', @part), $key));
        if ($std && $part[2] !~ /[-_]/) {
            $text[1] .= ' ';
            next;
        }
        recode($t, \@part, 2);
        return join '.', @part;
    }
}


sub object {
    return '{' . join(',', map { qq{"$_->[0]":$_->[1]} } @{ $_[0] }) . '}';
}


# Sets, adds or (with no value) drops h.name or p.name.

sub member {
    my ($t, $who, $value, $add) = @_;
    my ($side, $name) = $who =~ /^([hp])\.(\w+)\z/ or die "who is '$who'?\n";
    my $list = $t->{$side};

    if (!defined $value) {
        @$list = grep { $_->[0] ne $name } @$list;
        return;
    }

    my ($old) = grep { $_->[0] eq $name } @$list;
    if ($old && !$add) {
        $old->[1] = $value;
    } else {
        push @$list, [ $name, $value ];
    }
    return;
}


# Writes a part in another spelling of the same bytes.

sub recode {
    my ($t, $part, @which) = @_;

    for my $how (@{ $t->{recode} // [] }) {
        my ($n, $word) = @$how;
        next unless grep { $_ == $n } @which;
        for ($part->[$n]) {
            if    ($word eq 'pad')    { $_ .= '=' x (-length($_) % 4 || 4) }
            elsif ($word eq 'std')    { tr{-_}{+/} }
            elsif ($word eq 'space')  { substr($_, 5, 0) = ' ' }
            elsif ($word eq 'tab')    { substr($_, 5, 0) = "\t" }
            elsif ($word eq 'stray')  { $_ = stray($_) }
            elsif ($word eq 'double') { $_ = Corpus::Macro::b64url($_) }
            else                      { die "cannot recode as '$word'\n" }
        }
    }
    return;
}


# The same bytes with an unused bit of the last character set.

sub stray {
    my ($s) = @_;
    die "no unused bits in a part of " . length($s) . " characters\n"
        unless length($s) % 4;
    return turned($s, -1, 1);
}


# The n-th character (from the end if negative) moved along the alphabet.

sub turned {
    my ($s, $n, $by) = @_;
    my $at = index $ALPHABET, substr $s, $n, 1;
    substr($s, $n, 1) = substr $ALPHABET, ($at + $by) % 64, 1;
    return $s;
}


sub decode_url {
    my ($s) = @_;
    $s =~ tr{-_}{+/};
    return decode_base64($s . '=' x (-length($s) % 4));
}


1;
