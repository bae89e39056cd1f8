package Corpus::Grammar;

# Right requests of all dialects.  Each is made of parts that can be bent one by
# one:
#
#   method, path         as they stand on the wire
#   query, headers       pairs; a query's are encoded already
#   format, fields       json: names and JSON texts; form: names and bytes
#
# and says what its answer must be while it is right: ok, a pattern of statuses,
# and like.  With a code to judge there is "right": is it one?

use strict;
use warnings;

use Corpus::Grammar::Api ();
use Corpus::Grammar::Auth ();
use Corpus::Grammar::Stateless ();

# One in so many costs a password's hash.
my $HASH = 300;

my @RULE = map { my ($weight, $rule) = @$_; ($rule) x $weight }
    @Corpus::Grammar::Api::RULES, @Corpus::Grammar::Stateless::RULES,
    @Corpus::Grammar::Auth::RULES;


sub new {
    my ($class, $world) = @_;
    return bless { world => $world, serial => 0, secrets => [ map {
        join '', map { ('A' .. 'Z', 2 .. 7)[rand 32] } 1 .. 32 } 1 .. 8 ] },
        $class;
}


# A request of one of the three people.

sub request {
    my ($self, $name) = @_;
    my $rule = int(rand $HASH) ? $RULE[rand @RULE]
                               : \&Corpus::Grammar::Auth::password;

    return $rule->($self, $self->{world}{$name}, $name);
}


# A name that nobody has, and a secret.

sub id { my ($self) = @_; return 'new' . ++$self->{serial} }

sub secret {
    my ($self) = @_;
    return $self->{secrets}[rand @{ $self->{secrets} }];
}


1;
