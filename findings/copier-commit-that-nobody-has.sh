#!/usr/bin/env bash
# Copier 9.19.1: `copier copy` from a template with uncommitted changes commits them in a temporary clone and records that commit.
# It warns "Dirty template changes included automatically", but not that no repository has the recorded commit.
# Every later `copier update` ends with a traceback, also after the changes were committed in the template.
#
# Output seen on 2026-11-30:
#   the template has the recorded commit: no
#   copier update: ValueError: Unknown revision
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check copier==9.19.1

mkdir -p "$folder/template/project"
cd "$folder/template"
echo '_subdirectory: project' >copier.yml
echo '{{ _copier_answers | to_nice_yaml }}' >'project/{{ _copier_conf.answers_file }}.jinja'
git init --quiet
git add --all
git commit --quiet --message "Begin"
echo 'Not committed' >project/notes.txt
"$folder/venv/bin/copier" copy --quiet --defaults "$folder/template" "$folder/project" 2>"$folder/said"
grep --quiet 'DirtyLocalWarning: Dirty template changes included automatically' "$folder/said"
git add --all
git commit --quiet --message "Go on"

cd "$folder/project"
git init --quiet
git add --all
git commit --quiet --message "Begin"
recorded=$(sed -n 's/^_commit: //p' .copier-answers.yml)
{
    known=no
    if git -C "$folder/template" cat-file -e "$recorded^{commit}" 2>/dev/null; then known=yes; fi
    echo "the template has the recorded commit: $known"
    "$folder/venv/bin/copier" update --quiet --defaults >"$folder/said" 2>&1 || true
    echo "copier update: $(grep -o 'ValueError: Unknown revision' "$folder/said")"
} >"$folder/seen"
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
the template has the recorded commit: no
copier update: ValueError: Unknown revision
SEEN
