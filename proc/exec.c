// SPDX-License-Identifier: MIT
//
// exec: a new program in the same process. Called by execve(2) and for init.
//
// The new address space is made whole beside the old one - regions mapped, arguments on its stack - and only
// then, when the other threads have ended, takes its place. So every failure comes back as an errno with the
// old program unharmed. Nothing of the file is read but its headers and the page in which its data ends: the
// others come by faults from the page cache.

#include "lib/assert.h"
#include "lib/string.h"
#include "lib/syscalls.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/arguments.h"
#include "proc/elf.h"
#include "proc/process.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/limits.h"

#define INTERPRETERS_MOST 4 // a script whose interpreter is a script whose ...: then ELOOP
#define HEADER_BYTES      1024
#define STACK_TOP         (USER_END - PAGE_SIZE)
#define STACK_ROOM        ((uint64_t)64 << 10) // mapped at once beyond the arguments

// An exec on its way.
struct image {
    struct file *file;
    struct elf_program program;
    struct arguments arguments;
    struct vm_space *space;
    struct file_table *files; // NULL: the caller's own will do
    vaddr_t stack_pointer;
    char header[HEADER_BYTES]; // the beginning of the file
};

// What lies behind "#!" in image->header, cut in place: interpreter, and the rest as one argument.
static int parse_script(char *header, size_t bytes, char **interpreter, char **argument)
{
    header[bytes < HEADER_BYTES ? bytes : HEADER_BYTES - 1] = '\0';
    char *end = strchr(header, '\n');
    if (!end && bytes == HEADER_BYTES)
        return -ENOEXEC;
    end = end ? end : header + strlen(header);
    while (end > header + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    char *word = header + 2;
    while (*word == ' ' || *word == '\t')
        word++;
    if (!*word)
        return -ENOEXEC;
    *interpreter = word;
    while (*word && *word != ' ' && *word != '\t')
        word++;
    *argument = NULL;
    if (*word) {
        *word++ = '\0';
        while (*word == ' ' || *word == '\t')
            word++;
        *argument = word;
    }
    return 0;
}

// Open `path`, and where it is a script, its interpreter. => returns 0 with file and program set
static int load_program(struct image *image, const char *path)
{
    char next[HEADER_BYTES];
    for (unsigned depth = 0; depth <= INTERPRETERS_MOST; depth++) {
        int error = vfs_open(NULL, path, O_RDONLY, 0, &image->file);
        if (!error)
            error = vfs_may_execute(image->file);
        if (error)
            return error;
        int64_t bytes = vfs_read_kernel(image->file, 0, image->header, HEADER_BYTES);
        if (bytes < 0)
            return (int)bytes;
        if (bytes < 2 || image->header[0] != '#' || image->header[1] != '!')
            return elf_parse(image->header, (size_t)bytes, &image->program);
        char *interpreter, *argument;
        error = parse_script(image->header, (size_t)bytes, &interpreter, &argument);
        if (!error)
            error = arguments_prepend_script(&image->arguments, interpreter, argument, path);
        if (error)
            return error;
        strlcpy(next, interpreter, sizeof next);
        path = next;
        file_put(image->file);
        image->file = NULL;
    }
    return -ELOOP;
}

static int map_at(struct vm_space *space, struct vm_map_request request)
{
    vaddr_t unused;
    request.fixed = request.no_replace = true;
    int error = vm_map(space, &request, &unused);
    return error == -EEXIST ? -ENOEXEC : error;
}

// The part of a segment that is in the file, then the part that is zero but for its beginning: clear_tails().
static int map_segment(struct image *image, const struct elf_segment *segment)
{
    vaddr_t start = page_round_down(segment->address);
    vaddr_t file_end = segment->file_bytes ? page_round_up(segment->address + segment->file_bytes) : start;
    vaddr_t end = page_round_up(segment->address + segment->memory_bytes);
    struct vm_map_request of_file = {.address = start, .bytes = file_end - start, .kind = VM_FILE_PRIVATE,
                                     .prot = segment->prot, .object = &image->file->inode->pages,
                                     .object_page = segment->file_offset >> PAGE_SHIFT, .file = image->file};
    struct vm_map_request of_zero = {
        .address = file_end, .bytes = end - file_end, .kind = VM_ANON, .prot = segment->prot};
    int error = file_end > start ? map_at(image->space, of_file) : 0;
    return !error && end > file_end ? map_at(image->space, of_zero) : error;
}

static int build_space(struct image *image)
{
    image->space = vm_space_create();
    if (!image->space)
        return -ENOMEM;
    for (unsigned i = 0; i < image->program.segment_count; i++) {
        int error = map_segment(image, &image->program.segments[i]);
        if (error)
            return error;
    }
    uint64_t stack = page_round_up(arguments_stack_bytes(&image->arguments)) + STACK_ROOM;
    image->space->brk_start = image->space->brk_end = page_round_up(image->program.end);
    return map_at(image->space, (struct vm_map_request){
        .address = STACK_TOP - stack, .bytes = stack, .kind = VM_STACK, .prot = PT_R | PT_W});
}

// What lies behind the data in its last page is the program's bss and must be zero; where there is none, or
// it may not be written, the page may show what the file has next. => in the new space
static int clear_tails(const struct elf_program *program)
{
    int error = 0;
    for (unsigned i = 0; !error && i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        vaddr_t tail = segment->address + segment->file_bytes;
        if (segment->prot & PT_W && segment->file_bytes && segment->memory_bytes > segment->file_bytes)
            error = clear_user(user_ptr(tail), page_round_up(tail) - tail);
    }
    return error;
}

// In the new space; we come back, for until the other threads have ended all can still fail.
static int fill_space(struct image *image, const char *path)
{
    struct vm_space *old = task_enter_space(image->space);
    int error = clear_tails(&image->program);
    if (!error)
        error = arguments_push(&image->arguments, &image->program, path, STACK_TOP, &image->stack_pointer);
    task_enter_space(old);
    return error;
}

// Whoever else uses the table of open files, threads that are about to end too, keeps it as it is.
static int unshare_files(struct image *image)
{
    struct file_table *files = current_task()->files;
    if (files->refs == 1)
        return 0;
    image->files = file_table_copy(files);
    return image->files ? 0 : -ENOMEM;
}

static void name_process(struct process *process, const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' && at[1])
            name = at + 1;
    spin_lock(&task_tree_lock);
    strlcpy(process->name, name, sizeof process->name);
    spin_unlock(&task_tree_lock);
}

// Cannot fail. => the only thread of its process
static void become(struct image *image, const char *path)
{
    struct task *self = current_task();
    futex_task_leaves(self);
    image->space = task_enter_space(image->space); // the old one: to be put
    vfork_end(self);
    if (image->files) {
        struct file_table *shared = self->files;
        self->files = image->files;
        image->files = shared;
    }
    file_table_close_on_exec(self->files);
    name_process(self->process, path);
    arch_user_frame_init(&self->thread, image->program.entry, image->stack_pointer);
}

static int replace_program(struct image *image, const char *path)
{
    int error = load_program(image, path);
    if (!error)
        error = build_space(image);
    if (!error)
        error = fill_space(image, path);
    if (!error)
        error = unshare_files(image);
    if (!error)
        error = process_end_other_threads();
    if (!error)
        become(image, path);
    return error;
}

static void release_image(struct image *image)
{
    if (image->space)
        vm_space_put(image->space);
    if (image->file)
        file_put(image->file);
    if (image->files)
        file_table_put(image->files);
    arguments_release(&image->arguments);
    kfree(image);
}

int exec_program(const char *path, const char *const *argv, const char *const *envp)
{
    struct image *image = kmalloc(sizeof *image);
    if (!image)
        return -ENOMEM;
    int error = 0;
    for (; !error && *argv; argv++)
        error = arguments_add(&image->arguments, *argv, &image->arguments.argc);
    for (; !error && *envp; envp++)
        error = arguments_add(&image->arguments, *envp, &image->arguments.envc);
    if (!error)
        error = replace_program(image, path);
    release_image(image);
    return error;
}

static int exec_user(struct image *image, char *path, user_ptr_t name, uint64_t argv, uint64_t envp)
{
    int64_t length = copy_string_from_user(path, name, PATH_MAX);
    if (length < 0)
        return (int)length;
    struct arguments *arguments = &image->arguments;
    int error = arguments_add_user(arguments, user_ptr(argv), &arguments->argc);
    if (!error && !arguments->argc) // as Linux since 5.18: a program always has an argv[0]
        error = arguments_add(arguments, "", &arguments->argc);
    if (!error)
        error = arguments_add_user(arguments, user_ptr(envp), &arguments->envc);
    return error ? error : replace_program(image, path);
}

int64_t sys_execve(uint64_t name, uint64_t argv, uint64_t envp)
{
    struct image *image = kmalloc(sizeof *image);
    char *path = kmalloc(PATH_MAX);
    int error = -ENOMEM;
    if (image && path)
        error = exec_user(image, path, user_ptr(name), argv, envp);
    if (image)
        release_image(image);
    kfree(path);
    return error; // 0: the new program's a0, as fresh registers want it
}
