#!/usr/bin/perl
# Processor time and scores of SpamAssassin without network, for the comparison in docs/benchmarks.md:
#   perl tools/judging/spamassassin.pl LIST [PART PARTS] > scores.tsv
# LIST names a message a line; with PART and PARTS only every PARTS-th of them, from PART on.
use strict;
use warnings;
use Mail::SpamAssassin;
use Time::HiRes qw(clock);

my ($list, $part, $parts) = (@ARGV, 0, 1);
open(my $names, '<', $list) or die "$list: $!: name a file with a path a line\n";
my @paths = <$names>;
chomp @paths;
my $state = "/tmp/spamassassin-compare.$$";
mkdir $state;
my $filter = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userstate_dir => $state,
    home_dir_for_helpers => $state, site_rules_filename => '/etc/spamassassin', post_config_text => "use_bayes 0\n" });
$filter->compile_now(0);
for my $at (grep { $_ % $parts == $part } 0 .. $#paths) {
    open(my $file, '<:raw', $paths[$at]) or next;
    my $raw = do { local $/; <$file> };
    my $begin = clock();
    my $message = $filter->parse($raw);
    my $status = $filter->check($message);
    my $score = $status->get_score();
    $status->finish();
    $message->finish();
    printf "%s\t%.3f\t%.6f\n", $paths[$at], $score, clock() - $begin;
}
system('rm', '-rf', $state);
