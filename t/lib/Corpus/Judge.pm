package Corpus::Judge;

# Says what is wrong with an answer: a list of complaints, empty if nothing is.

use strict;
use warnings;

use Corpus ();
use Corpus::Macro ();
use JSON::PP ();
use Kanda::Totp ();

my $JSON = JSON::PP->new->utf8->allow_nonref;

# What the form API says of the two things that it forbids.
my %FORBIDDEN = (
    key => 'Please check the following: 1) An *active* Renda.io subscription'
        . ' 2) API being invoked must be *Subscribed* in Renda developer portal'
        . " 3) A valid *API Key* must be passed in 'x-api-key' request header"
        . ' parameter. Please refer to Renda documentation for more details -'
        . ' https://documentation.renda.io',
    unsupported => 'Unsupported API request. Please refer to Renda'
        . ' documentation for more details documentation.renda.io',
);


# The answers, in order, against "400 invalid_json; 200"; alternatives are
# joined by "or".  Of a row of requests only the first is known in detail.

my %SOME = (method => '', path => '', tried => 1);

sub complaints {
    my ($case, $request, $answers, $values, $world) = @_;
    my @expected = @{ Corpus::expectation($case->{expect}) };
    my @bad;

    for my $i (0 .. $#expected) {
        my $answer = $answers->[$i];
        my @tries = map { [ one($case, $i ? \%SOME : $request, $answer, @$_) ] }
            @{ $expected[$i] };
        my ($best) = sort { @$a <=> @$b } @tries;
        push @bad, @$best;
        push @bad, texts($case, $answer, $values) if $i == $#expected;
        push @bad, leaks($answer, $values);
    }

    push @bad, scalar(@$answers) . ' answers, not ' . @expected
        if @$answers > @expected;
    return @bad;
}


sub one {
    my ($case, $request, $r, $status, $code) = @_;

    my $got = $r ? $r->status || $r->{error} : 'no answer';
    $got = 'close' if $got =~ /^(?:closed|no answer|no connection)\z/;

    return "$got" . ($r && $r->{body} ? " $r->{body}" : '')
           . ", not $status" . ($code ? " $code" : '')
        if $got ne $status;
    return if $status eq 'close' || $status == 304
           || $status >= 400 && !$code;
    return (common($r), $status < 400 ? success($request, $r)
                                      : problem($case, $request, $r, $code));
}


sub common {
    my ($r) = @_;
    my @bad;

    push @bad, 'no Cache-Control: no-store'
        if ($r->header('cache-control') // '') ne 'no-store';
    push @bad, 'no X-Content-Type-Options: nosniff'
        if ($r->header('x-content-type-options') // '') ne 'nosniff';
    return @bad;
}


sub success {
    my ($request, $r) = @_;
    my $type = $r->header('content-type') // '';
    my ($due, $kind) = ('application/json', 'HASH');

    ($due, $kind) = ('image/png', '')
        if $request->{path} =~ m{^/totp/generateQRCode\z};
    $kind = 'ARRAY' if $request->{path} =~ m{^/totp/ping};

    return "type $type" if $type ne $due;
    return if $request->{method} eq 'HEAD';
    return $r->{body} =~ /^\x89PNG/ ? () : 'no picture' if !$kind;
    return $kind eq ref $r->json ? () : "a body that is no JSON $kind"
        if $kind ne 'HASH';
    return 'a body that is no JSON object' if ref $r->json ne 'HASH';
    return;
}


sub problem {
    my ($case, $request, $r, $code) = @_;
    my $type = $r->header('content-type') // '';
    my @bad;

    return form_problem($request, $r, $code)
        if $request->{path} =~ m{^/totp/};
    return router_problem($case, $request, $r, $code)
        if $request->{path} =~ m{^/auth/};

    push @bad, "type $type" if $type ne 'application/problem+json';
    push @bad, headers($case, $request, $r);
    return @bad if $request->{method} eq 'HEAD';

    my $p = $r->json;
    return (@bad, "a body that is no JSON object: $r->{body}")
        if ref $p ne 'HASH';

    my $valid = "$request->{method} $request->{path}"
                =~ m{^POST /api/totp/validate\z};
    my $members = join ' ', sort keys %$p;
    my $due = 'code detail status title type' . ($valid ? ' valid' : '');

    push @bad, "members $members, not $due" if $members ne $due;
    push @bad, "code $p->{code}, not $code"
        if $code ne 'any' && $p->{code} ne $code;
    push @bad, "status $p->{status}" if $p->{status} ne $r->status;
    push @bad, "problem type $p->{type}"
        if $p->{type} ne "urn:kanda:problem:$p->{code}";
    push @bad, 'nothing is said' if !length $p->{title} || !length $p->{detail};
    push @bad, 'a failed validate that says valid'
        if $valid && $r->{body} !~ /"valid":false/;
    return @bad;
}


# The form API: a 400 is a list of errors, everything else one message; codes
# are the names of the texts that it forbids with, or "message" for others.

sub form_problem {
    my ($request, $r, $code) = @_;
    my $type = $r->header('content-type') // '';
    my @bad;

    push @bad, "type $type" if $type ne 'application/json';
    push @bad, "header $_" for grep { defined $r->header($_) }
        qw(WWW-Authenticate Allow);
    return @bad if $request->{method} eq 'HEAD';

    my $p = $r->json;
    my @errors = ref $p eq 'ARRAY' ? @$p : $p;
    my $members = $r->status == 400 ? 'message type' : 'message';

    push @bad, "no list: $r->{body}" if ($r->status == 400) != (ref $p eq 'ARRAY');

    for my $error (@errors) {
        return (@bad, "an error that is no object: $r->{body}")
            if ref $error ne 'HASH';
        my $got = join ' ', sort keys %$error;
        push @bad, "members $got, not $members" if $got ne $members;
        push @bad, "type $error->{type}"
            if ($error->{type} // 'Error') ne 'Error';
        push @bad, 'nothing is said' if !length($error->{message} // '');
    }

    my ($said) = map { $_->{message} // '' } @errors;
    push @bad, "it says $said"
        if $FORBIDDEN{$code} ? $said ne $FORBIDDEN{$code}
                             : grep { $said eq $_ } values %FORBIDDEN;
    return @bad;
}


# The login router: a text and, but for the two about tokens, a code.

my %TOKEN = (none  => 'No access token provided',
             token => 'Invalid or expired access token');

sub router_problem {
    my ($case, $request, $r, $code) = @_;
    my $type = $r->header('content-type') // '';
    my @bad = headers($case, $request, $r);

    push @bad, "type $type" if $type ne 'application/json';
    push @bad, 'WWW-Authenticate' if defined $r->header('www-authenticate')
                                     && $r->status != 401;
    push @bad, 'Set-Cookie' if defined $r->header('set-cookie');
    return @bad if $request->{method} eq 'HEAD';

    my $p = $r->json;
    return (@bad, "a body that is no JSON object: $r->{body}")
        if ref $p ne 'HASH';

    my $members = join ' ', sort keys %$p;
    my $due = $TOKEN{$code} ? 'error' : 'code error';
    push @bad, "members $members, not $due" if $members ne $due;
    push @bad, "error $p->{error}"
        if !length($p->{error} // '')
           || $TOKEN{$code} && $p->{error} ne $TOKEN{$code};
    push @bad, 'code ' . ($p->{code} // 'none') . ", not $code"
        if !$TOKEN{$code} && $code ne 'any' && ($p->{code} // '') ne $code;
    return @bad;
}


# Allow with a 405, WWW-Authenticate with a 401 that is about a token.

sub headers {
    my ($case, $request, $r) = @_;
    my @bad;

    if ($r->status == 405) {
        my ($got, $due) = map { join ', ', sort split /\s*,\s*/ }
            $r->header('allow') // '', $case->{allow} // '';
        push @bad, "Allow: $got, not $due"
            if $got eq '' || $case->{allow} && $got ne $due;
    }

    if ($r->status == 401 && ($case->{expect} =~ /unauthorized/)) {
        my $www = $r->header('www-authenticate') // '';
        push @bad, "WWW-Authenticate: $www" if $www !~ /^Bearer\b/;
        push @bad, "WWW-Authenticate without a reason: $www"
            if $request->{bearer} && $www !~ /error="invalid_token"/;
        push @bad, "WWW-Authenticate with a reason: $www"
            if !$request->{tried} && $www =~ /error/;
    }
    return @bad;
}


sub texts {
    my ($case, $r, $values) = @_;
    my $body = $r ? $r->{raw} =~ /^HTTP/ ? $r->{body} : '' : '';
    my @bad;

    for my $like (@{ $case->{like} // [] }) {
        my $p = Corpus::Macro::expand($like, $values);
        push @bad, "$body does not match $p" if $body !~ /$p/;
    }
    for my $unlike (@{ $case->{unlike} // [] }) {
        my $p = Corpus::Macro::expand($unlike, $values);
        push @bad, "$r->{raw}$body matches $p" if "$r->{raw}$body" =~ /$p/;
    }
    return @bad;
}


# A refusal repeats nothing that its caller would not like to see in a log.

sub leaks {
    my ($r, $values) = @_;

    return if !$r || $r->status < 400;
    return map { "repeats ${_}" }
        grep { index($r->{raw} . $r->{body}, $values->{$_}) >= 0 }
        qw(TOKEN KEY PASSWORD SECRET);
}


# What a registration answers, from what was asked.

sub registered {
    my ($asked, $r) = @_;
    my $in = eval { $JSON->decode($asked) } // return 'a body we cannot read';
    my $out = $r->json // return 'an answer we cannot read';
    my %due = (label => $in->{clientId}, issuer => '', algorithm => 'SHA1',
               digits => 6, period => 30,
               map { $_ => $in->{$_} } grep { defined $in->{$_} } keys %$in);
    my @bad;

    my $members = join ' ', sort keys %$out;
    push @bad, "members $members"
        if $members ne 'clientId otpauthUrl qrDataUrl secret';
    push @bad, 'another clientId' if $out->{clientId} ne $in->{clientId};
    push @bad, 'no QR code'
        if $out->{qrDataUrl} !~ m{^data:image/png;base64,iVBOR[\w+/]+=*\z};

    my $size = { SHA1 => 20, SHA256 => 32, SHA512 => 64 }->{$due{algorithm}};
    my $secret = defined $in->{secret}
        ? uc($in->{secret}) =~ tr/A-Z2-7//cdr
        : $out->{secret} =~ /^[A-Z2-7]+\z/
          && length Kanda::Totp::base32_decode($out->{secret}) == $size
          ? $out->{secret} : "$size bytes of Base32";
    push @bad, "secret $out->{secret}, not $secret"
        if $out->{secret} ne $secret;

    my ($label, $issuer) = map { uri($_) } @due{qw(label issuer)};
    my $url = 'otpauth://totp/' . ($issuer ne '' ? "$issuer:" : '') . $label
        . "?secret=$secret" . ($issuer ne '' ? "&issuer=$issuer" : '')
        . "&algorithm=$due{algorithm}&digits=$due{digits}"
        . "&period=$due{period}";
    push @bad, "otpauthUrl $out->{otpauthUrl}, not $url"
        if $out->{otpauthUrl} ne $url;
    return @bad;
}


sub uri {
    my ($s) = @_;
    utf8::encode($s) if utf8::is_utf8($s);
    $s =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $s;
}


1;
