// SPDX-License-Identifier: MIT
//
// The console UART (NS16550A data sheet). Sending is polled, so that a panic can speak from any context;
// receiving is by interrupt. The line's speed is what the firmware has set. Takes no lock: two harts that
// send at once mix their text, but lose none.

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/machine.h"
#include "dev/character.h"
#include "dev/devices.h"
#include "lib/log.h"
#include "uapi/errno.h"

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_STATUS = 5, REGISTERS = 8 };
enum { IER_RECEIVE = 1, FCR_ENABLE = 1, LSR_RECEIVED = 1, LSR_SEND_EMPTY = 0x20 };

static volatile uint8_t *registers;
static uint32_t shift; // device tree: log2 of the distance between registers
static uint32_t interrupt;
static void (*receiver)(char byte);

struct character_device *console_device;

static volatile uint8_t *reg(unsigned index)
{
    return registers + (index << shift);
}

// The turns let the host take its time: a terminal may be stopped.
static void uart_write(const char *bytes, size_t count)
{
    irq_push_off();
    for (size_t i = 0; i < count; i++) {
        while (!(*reg(LINE_STATUS) & LSR_SEND_EMPTY))
            cpu_spin_turn();
        *reg(DATA) = (uint8_t)bytes[i];
    }
    irq_pop_off();
}

static void uart_interrupt(void *)
{
    while (*reg(LINE_STATUS) & LSR_RECEIVED)
        receiver((char)*reg(DATA));
}

static void uart_set_receiver(void (*receive)(char byte))
{
    receiver = receive;
    int error = irq_register(interrupt, uart_interrupt, NULL);
    if (error && error != -EBUSY) // EBUSY: a second receiver takes over
        log_warn("console: no input, interrupt %u cannot be used", interrupt);
    *reg(INTERRUPT_ENABLE) = IER_RECEIVE;
}

// Takes over from the firmware as the sink of the log, if this is the console of /chosen.
static void attach(const struct device *device)
{
    static struct character_device console = {
        .name = "ttyS0", .write = uart_write, .set_receiver = uart_set_receiver};
    int wanted = fdt_stdout(&machine.fdt);
    if (console_device || (wanted >= 0 && device->node != wanted)) // no stdout-path: the first one will do
        return;
    fdt_u32(&machine.fdt, device->node, "reg-shift", &shift);
    if (shift > 3 || device->bytes < (uint64_t)REGISTERS << shift)
        return;
    registers = (volatile uint8_t *)device->registers;
    interrupt = device->interrupt;
    *reg(FIFO_CONTROL) = FCR_ENABLE;
    console_device = &console;
    log_set_sink(uart_write);
}

const struct driver ns16550_driver = {"ns16550a", REGISTERS, attach};
