package Corpus::Verdict;

# Says what is wrong with the answers to a generated request, right or bent.

use strict;
use warnings;

use Corpus::Judge ();
use Corpus::Mutate ();
use JSON::PP ();
use Kanda::Totp ();
use Time::HiRes ();

my $JSON = JSON::PP->new->utf8->allow_nonref;

# What nginx says itself, in its own words, and what is said elsewhere.
my %OWN = map { $_ => 1 } qw(400 405 408 414 501 505);
my %ELSE = map { $_ => 1 } qw(301 302 403 404 412 413 416);
my %STATUS = map { $_ => 1 } keys %OWN, keys %ELSE,
    qw(200 201 206 304 401 409 415 429);

# What the login router says without a code.
my %PLAIN = map { $_ => 1 } 'Invalid TOTP code', 'No refresh token provided',
                            'User not found or 2FA not set up';


# Where HTTP/0.9 may be meant, an answer has no head, and who asks for heads may
# have asked twice.
my $UNCLEAR = qr{^(?!\w+ \S+ HTTP/)|HEAD.*HEAD}s;


sub new {
    my ($class, $world) = @_;
    return bless { world => $world, used => {}, fine => {}, count => {} },
                 $class;
}


sub complaints {
    my ($self, $request) = @_;
    my @answers = @{ $request->{answers} };
    my @bad = map { $self->one($request, $_) } @answers;
    my $rest = $request->{rest} // '';

    push @bad, right($request, $answers[0]) if $request->{who} eq 'safe';
    push @bad, scalar(@answers) . ' answers' if @answers > 3;
    push @bad, "behind the answers: $rest"
        if $rest ne '' && ($request->{loose} // 'X / HTTP/') !~ $UNCLEAR;
    return @bad;
}


# A right request has the answer that is due.

sub right {
    my ($request, $r) = @_;
    my @bad;

    push @bad, "$r->{status} $r->{body}, not $request->{ok}"
        if $r->status !~ /^(?:$request->{ok})\z/;
    push @bad, "$r->{body} does not match $request->{like}"
        if $request->{like} && $r->{body} !~ $request->{like};
    return @bad;
}


sub one {
    my ($self, $request, $r) = @_;
    my $status = $r->status;

    $self->{count}{$status}++;
    return "no answer: $r->{error}" if !$status;

    my @bad;
    push @bad, "status $status $r->{body}" if !$STATUS{$status};
    push @bad, "$r->{raw}$r->{body} tells what is another's"
        if "$r->{raw}$r->{body}" =~ $self->{world}{never};
    push @bad, "$r->{raw}$r->{body} repeats a secret"
        if $status >= 400 && "$r->{raw}$r->{body}" =~ $self->{world}{told};

    my $place = place($request);
    my $type = $r->header('content-type') // '';
    my $is = join "\1", $place, $request->{method} eq 'HEAD', $status, $type,
                        $r->{body};
    push @bad, $self->{fine}{$is} //= shape($request, $r, $place, $type) // '';
    push @bad, $self->accepted($request, $r)
        if $status < 300 && $type eq 'application/json';
    return grep { $_ ne '' } @bad;
}


# Which dialect a path is of, where that is beyond doubt.

sub place {
    my ($request) = @_;
    my $path = $request->{path};

    return 'any' if exists $request->{loose}
        || $path =~ m{//|/\.|\\|%(?:2[ef5]|5c|0|z|4(?![0-9a-f]))}i;
    return $1 if $path =~ m{^/(api|totp|v1/auth|auth)/};
    return 'any';
}


# A complaint about its form, or nothing.

sub shape {
    my ($request, $r, $place, $type) = @_;
    my $status = $r->status;
    my $head = ($request->{loose} // $request->{method}) =~ /^HEAD\b/;

    return if $status == 304;
    return $OWN{$status} || $place eq 'any' && $ELSE{$status}
           ? undef : "nginx's own $status"
        if $status > 300 && $type eq 'text/html'
           && ($head || $r->{body} =~ /<center>nginx/);

    if ($type =~ /json/ && !$head) {
        my $json = $r->json;
        return "no JSON: $r->{body}" if !ref $json;
    }

    return if $place eq 'any';

    my @bad = Corpus::Judge::common($r);
    push @bad, refusal($request, $r, $place) if $status >= 400;
    push @bad, "type $type" if $status < 300
        && $type !~ m{^(?:application/json|image/png|image/svg\+xml)\z};
    return @bad ? join '; ', @bad : undef;
}


# Of the things that a refusal may be, the one that it is nearest to.

sub refusal {
    my ($request, $r, $place) = @_;
    my $path = $request->{path};
    my $asked = { method => $request->{method}, path => $path };
    my $case = { expect => '' };

    return if $place eq 'auth' && $request->{method} ne 'HEAD'
        && join(' ', keys %{ $r->json // {} }) eq 'error'
        && $PLAIN{ $r->json->{error} };

    return Corpus::Judge::problem($case, $asked, $r, 'any')
        if $place !~ /^(?:totp|auth)\z/;

    my @codes = $place eq 'totp' ? qw(message key unsupported)
                                 : qw(any none token);
    my ($best) = sort { @$a <=> @$b }
        map { [ Corpus::Judge::problem($case, $asked, $r, $_) ] } @codes;
    return @$best;
}


# What was let in must have been right.

sub accepted {
    my ($self, $request, $r) = @_;
    my $text = $request->{loose} // '';
    my $path = $request->{path};

    return 'a second factor was accepted'
        if $path =~ m{2fa/(?:verify|step-up|verify-setup)\z}
           && $r->{body} =~ /"success":true|"token"/ && $text eq '';
    return if $r->{body} !~ /"(?:valid|isValid)":true/;

    my $given = given($request);
    return 'accepted, although we cannot read it' if ref $given ne 'HASH';

    my $client = $self->{world}{client}{ $given->{clientId} // '' };
    my $code = $given->{token} // $given->{code} // '';
    $code =~ s/[\s-]//g;

    if (exists $given->{clientId}) {
        return 'accepted for nobody' if !$client;
        return 'accepted twice' if $self->{used}{"$given->{clientId} $code"}++;
        return is_right($request, $code, $client, 1);
    }

    return is_right($request, $code, {
        secret    => $given->{secret} // '',
        digits    => length $code,
        period    => $given->{period} // $given->{tokenValidity} || 30,
        algorithm => $given->{algorithm} // 'SHA1',
    }, $given->{window} // 1);
}


sub is_right {
    my ($request, $code, $client, $window) = @_;
    my $period = $client->{period};

    return 'accepted with odd settings'
        if "$period $window" !~ /^[1-9]\d{1,2} \d{1,2}\z/ || $window > 10;

    my ($from, $to) = map { int $_ / $period } $request->{at},
                                               Time::HiRes::time();

    for my $step ($from - $window .. $to + $window) {
        return '' if $code eq Kanda::Totp::totp($client->{secret},
            time => $step * $period,
            map { $_ => $client->{$_} } qw(digits period algorithm));
    }
    return 'accepted, but wrong';
}


# What somebody with another reader finds in the body.

sub given {
    my ($request) = @_;
    my $body = exists $request->{loose} ? loose_body($request->{loose})
                                        : Corpus::Mutate::written($request);

    return eval { ($JSON->decode_prefix($body))[0] } if $body =~ /^\s*\{/;

    my %pairs;
    for (split /&/, $body) {
        my ($name, $value) = map {
            tr/+/ /r =~ s/%([0-9a-f]{2})/chr hex $1/gier } split /=/, $_, 2;
        $pairs{$name} = $value // '' if defined $name;
    }
    return \%pairs;
}


# The body of what has a framing of its own, if it is one that can be taken.

sub loose_body {
    my ($text) = @_;
    my ($head, $body) = $text =~ /^(.*?)\r?\n\r?\n(.*)\z/s or return '';

    return substr $body, 0, $1 if $head =~ /^Content-Length: *(\d+)\s*$/mi;

    my ($out, $size) = ('');
    $out .= substr $body, 0, hex $1, ''
        while $body =~ s/^(?:\r\n)?([0-9a-f]+)[^\n]*\n//i && hex $1;
    return $out;
}


1;
